/** What is promised of an operation. Calls that are answered too slowly, or not at all, spend what the shares leave. */
export interface Objective {
  /** Share of calls that are answered, 0.5 to 0.99999, such as 0.999. A declared error is an answer. */
  readonly available?: number | undefined;
  /** Share of the answers that come within `ms` milliseconds, such as `{ ms: 300, share: 0.99 }`. */
  readonly within?: { readonly ms: number; readonly share: number } | undefined;
}

/** The budget of a higher share is spent by single calls, so that every failure would be an alert; a lower one promises nothing. */
export const objectiveShares = { least: 0.5, most: 0.999_99 } as const;
/** Longest time that can be promised, milliseconds: an hour, as the longest deadline. */
const longestMs = 3_600_000;

/** What is wrong with an objective, each as one line; `where` names the place. */
export function objectiveProblems(where: string, given: unknown): string[] {
  if (given === false) return [];
  if (!isRecord(given)) return [`${where} must be { available, within } or false`];
  const { available, within, ...others } = given;
  const problems = Object.keys(others).map(
    (name) => `${where}.${name} is no field; there are available, within`,
  );
  if (available === undefined && within === undefined && problems.length === 0)
    problems.push(`${where} promises nothing; false says so`);
  if (available !== undefined) problems.push(...shareProblem(`${where}.available`, available));
  if (within === undefined) return problems;
  if (!isRecord(within)) return [...problems, `${where}.within must be { ms, share }`];
  const { ms, share, ...more } = within;
  problems.push(
    ...Object.keys(more).map((name) => `${where}.within.${name} is no field; there are ms, share`),
  );
  if (typeof ms !== "number" || !(ms >= 1 && ms <= longestMs))
    problems.push(`${where}.within.ms ${String(ms)} must be from 1 to ${longestMs}`);
  problems.push(...shareProblem(`${where}.within.share`, share));
  return problems;
}

function shareProblem(where: string, value: unknown): string[] {
  const { least, most } = objectiveShares;
  if (typeof value === "number" && value >= least && value <= most) return [];
  return [`${where} ${String(value)} must be a share from ${least} to ${most}, such as 0.999`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
