/** How a gateway compresses answers. */
export interface CompressionSettings {
  /** Shorter bodies go as they are, bytes. Default 1024: below, a packet is a packet. */
  readonly minBytes?: number;
  /**
   * Also answers to users whom a cookie proves. Default false: where a page of somebody else can send requests in the user's
   * name and put text of its own into them, the length of a compressed answer tells what else is in it (BREACH).
   */
  readonly sessions?: boolean;
}

/** Everything that is wrong with how a gateway compresses. */
export function compressionProblems(given: unknown): string[] {
  if (given === undefined || typeof given === "boolean") return [];
  if (typeof given !== "object" || given === null)
    return ["compression must be true, false or { minBytes, sessions }"];
  const { minBytes, sessions, ...others } = given as Record<string, unknown>;
  const problems = Object.keys(others).map(
    (name) => `compression.${name} is no field; there are minBytes, sessions`,
  );
  if (minBytes !== undefined && !(Number.isSafeInteger(minBytes) && (minBytes as number) >= 0))
    problems.push("compression.minBytes must be whole bytes from 0");
  if (sessions !== undefined && typeof sessions !== "boolean")
    problems.push("compression.sessions must be true or false");
  return problems;
}
