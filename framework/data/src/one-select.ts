import { inlineValues } from "./inline-values.ts";
import type { Statement } from "./session.ts";

/**
 * Calls of the platform's own functions, each given as `select kerf.name(…)`, as one statement; none for no calls. Beside what it does, a statement
 * costs the server some forty microseconds to be parsed, planned and answered.
 */
export function oneSelect(calls: readonly Statement[]): string[] {
  const [first, ...others] = calls.map(inlineValues);
  if (first === undefined) return [];
  return [[first, ...others.map((call) => call.replace(/^select /, ""))].join(", ")];
}
