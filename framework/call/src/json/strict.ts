import { type ErrorCode, KerfError } from "@kerf/kernel";

interface Problem {
  path: string;
  message: string;
}

const maxProblems = 20;
const maxDepth = 1_000;

/** Everything in `value` that JSON would change or lose on its way, each with its path. */
export function jsonProblems(value: unknown): Problem[] {
  const problems: Problem[] = [];
  walk(value, "", 0, problems);
  return problems;
}

/** Throws `code` when JSON would change `value`: what works in one process must not fail in two. */
export function assertJson(
  value: unknown,
  code: Extract<ErrorCode, "invalid_input" | "invalid_output">,
  name: string,
): void {
  const fields = jsonProblems(value);
  if (fields.length === 0) return;
  const listed = fields
    .map(({ path, message }) => (path === "" ? message : `${path}: ${message}`))
    .join("; ");
  throw new KerfError(code, {
    message: `The ${code === "invalid_input" ? "input" : "answer"} of ${name} would not survive the way to another process: ${listed}`,
    why: "Values cross between services as JSON, also when both run in one process.",
    fix: "Send plain JSON values: an ISO 8601 string for a date, a string for a bigint, an array or object for a Map or Set.",
    data: { fields },
  });
}

function walk(value: unknown, path: string, depth: number, problems: Problem[]): void {
  if (problems.length >= maxProblems) return;
  const problem = (message: string): void => void problems.push({ path, message });
  switch (typeof value) {
    case "string":
    case "boolean":
      return;
    case "number":
      if (!Number.isFinite(value)) problem(`${value} becomes null`);
      else if (Object.is(value, -0)) problem("-0 becomes 0");
      return;
    case "undefined":
      // Members that are undefined are left out by callers of every kind; at the top it is an empty answer.
      if (path !== "" && path.endsWith("]")) problem("undefined in an array becomes null");
      return;
    case "object":
      if (value !== null) walkObject(value, path, depth, problems, problem);
      return;
    default:
      problem(`a ${typeof value} is not JSON`);
  }
}

function walkObject(
  value: object,
  path: string,
  depth: number,
  problems: Problem[],
  problem: (message: string) => void,
): void {
  if (depth > maxDepth) return problem("is nested too deeply, or contains itself");
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++)
      walk(value[index], `${path}[${index}]`, depth + 1, problems);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    const name = (prototype as { constructor?: { name?: string } }).constructor?.name ?? "object";
    return problem(`${/^[AEIOU]/.test(name) ? "an" : "a"} ${name} does not stay what it is`);
  }
  for (const key of Object.keys(value)) {
    walk(
      (value as Record<string, unknown>)[key],
      path === "" ? key : `${path}.${key}`,
      depth + 1,
      problems,
    );
  }
}
