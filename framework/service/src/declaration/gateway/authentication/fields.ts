/** Longest text of a setting, characters. */
const maxText = 2_000;
/** Most entries of a list. */
const maxEntries = 100;
/** Shortest and longest of a session's times, milliseconds: a minute, 90 days. */
const leastMs = 60_000;
const mostMs = 90 * 86_400_000;

const loopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/;

/** The fields that are none: a misspelled one must not be taken for one that is left out. */
export function unknownFields(given: object, known: readonly string[], under = ""): string[] {
  return Object.keys(given)
    .filter((name) => !known.includes(name))
    .map((name) => `${under}${name}: is no field; there are ${known.join(", ")}`);
}

/** A text that is needed. */
export function textProblems(name: string, given: unknown): string[] {
  if (given === undefined) return [`${name}: is missing`];
  return typeof given === "string" && given !== "" && given.length <= maxText
    ? []
    : [`${name}: must be a text of 1 to ${maxText} characters`];
}

/** A list of texts. */
export function listProblems(name: string, given: unknown, { least }: { least: number }): string[] {
  if (given === undefined) return [`${name}: is missing`];
  const holds =
    Array.isArray(given) &&
    given.length >= least &&
    given.length <= maxEntries &&
    given.every((one) => textProblems(name, one).length === 0);
  return holds ? [] : [`${name}: must be a list of ${least} to ${maxEntries} texts`];
}

/** A time, milliseconds. */
export function durationProblems(name: string, given: unknown): string[] {
  return Number.isSafeInteger(given) && (given as number) >= leastMs && (given as number) <= mostMs
    ? []
    : [`${name}: must be whole milliseconds from ${leastMs} (a minute) to ${mostMs} (90 days)`];
}

/** The name of a header. */
export function headerNameProblems(name: string, given: unknown): string[] {
  if (typeof given !== "string" || !/^[a-z0-9-]{1,64}$/.test(given))
    return [`${name}: must be the name of a header in small letters`];
  return /^(?:x-kerf-.*|cookie|host|content-.*)$/.test(given)
    ? [`${name}: ${given} has a meaning of its own; take another`]
    : [];
}

/** A URL that can be trusted to answer for its owner: HTTPS, or this machine. */
export function urlProblems(name: string, given: unknown): string[] {
  if (textProblems(name, given).length > 0) return textProblems(name, given);
  const url = URL.parse(given as string);
  if (url === null) return [`${name}: ${JSON.stringify(given)} is no URL`];
  if (url.username !== "" || url.password !== "")
    return [`${name}: holds a password, and settings hold no secrets`];
  return url.protocol === "https:" || (url.protocol === "http:" && loopback.test(url.hostname))
    ? []
    : [
        `${name}: must be https: whoever answers decides who users are (http only for localhost and 127.0.0.1)`,
      ];
}

/** Scheme, host and port, and nothing after them. */
export function originProblems(name: string, given: unknown): string[] {
  const problems = urlProblems(name, given);
  if (problems.length > 0) return problems;
  const { origin } = new URL(given as string);
  return origin === given ? [] : [`${name}: must be ${origin}, with nothing after it`];
}

/** `{ url }` or `{ file }`. */
export function fileOrUrlProblems(name: string, given: unknown): string[] {
  if (typeof given !== "object" || given === null || "url" in given === "file" in given)
    return [`${name}: must be { url } or { file }`];
  return "url" in given
    ? [...unknownFields(given, ["url"], `${name}.`), ...urlProblems(`${name}.url`, given.url)]
    : [
        ...unknownFields(given, ["file"], `${name}.`),
        ...textProblems(`${name}.file`, (given as { file: unknown }).file),
      ];
}
