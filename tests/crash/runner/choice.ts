/** Which runs are wanted. */
export interface Choice {
  /** Whether all of them are: only then it can be said what nobody came to. */
  readonly isEverything: boolean;
  /** The one label that is wanted; undefined when there may be several. */
  readonly label: string | undefined;
  /** Whether a scenario can have runs that are wanted. */
  mentions(scenario: string): boolean;
  /** Whether the run with this label is. */
  covers(label: string): boolean;
}

/** What `--only GLOB` says of labels such as `events/right before data/transaction commit: commit #1`; `*` stands for anything. */
export function choiceOf(glob: string): Choice {
  const [place = "*"] = glob.split("/");
  const whole = patternOf(glob);
  const named = patternOf(place);
  return {
    isEverything: glob === "*",
    label: glob.includes("*") ? undefined : glob,
    mentions: (scenario) => glob.startsWith("*") || named.test(scenario),
    covers: (label) => whole.test(label),
  };
}

function patternOf(glob: string): RegExp {
  return new RegExp(`^${glob.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`);
}
