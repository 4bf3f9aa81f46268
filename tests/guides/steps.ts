/** A command of a guide, and what the guide shows of its answer. */
export interface Step {
  readonly command: string;
  /** Lines, `…` for any that are left out; undefined where the guide shows nothing. */
  readonly shown: readonly string[] | undefined;
}

const block = /^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm;

/**
 * The commands of a guide in their order: all lines of its `sh` blocks, and those behind `$ ` in blocks that show an answer too. A line that
 * ends in `\` goes on in the next. A block that is marked `text` is shown, and not done.
 */
export function stepsOf(guide: string): Step[] {
  return [...guide.matchAll(block)].flatMap(([, language = "", text = ""]) => {
    const lines = text
      .replaceAll(/\\\n\s*/g, "")
      .trimEnd()
      .split("\n");
    if (language === "" && lines[0]?.startsWith("$ ")) return dialogue(lines);
    if (language !== "sh") return [];
    return lines
      .filter((line) => line.trim() !== "" && !line.startsWith("#"))
      .map((command) => ({ command, shown: undefined }));
  });
}

function dialogue(lines: readonly string[]): Step[] {
  const steps: { command: string; shown: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith("$ ")) steps.push({ command: line.slice(2), shown: [] });
    else steps.at(-1)?.shown.push(line);
  }
  return steps;
}

/** Whether a guide shows that a command fails. */
export function failsAsShown({ shown }: Step): boolean {
  return shown?.some((line) => line.startsWith("✗") || line === "no-go") ?? false;
}
