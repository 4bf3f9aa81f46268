/** What stands in the place of a value that is not to be written down. */
export const redacted = "[redacted]";

/** A shorter value is looked for as a word of its own, since it is a part of ordinary words and numbers, characters. */
const shortestPart = 6;
/** Shorter ones are not looked for: every other text has them, characters. */
const shortestWord = 3;
/** How many errors behind each other are looked at. */
const deepest = 8;

/** Takes values out of a text: anywhere when they are long, as words when they are short, not at all when they are shorter than three characters. */
export function redactText(text: string, values: readonly string[]): string {
  let rest = text;
  for (const value of values) {
    if (value.length < shortestWord || !rest.includes(value)) continue;
    rest =
      value.length >= shortestPart
        ? rest.replaceAll(value, redacted)
        : rest.replaceAll(wordOf(value), redacted);
  }
  return rest;
}

/**
 * Takes values out of what was thrown, with everything behind it, before anybody writes it down. An error stays the object that it is, since others tell
 * it by that and by its code; one that cannot be changed is replaced. The data of a declared error is its answer, and stays.
 */
export function redactError(thrown: unknown, values: readonly string[]): unknown {
  if (values.length === 0) return thrown;
  if (typeof thrown === "string") return redactText(thrown, values);
  let current = thrown;
  for (let depth = 0; current instanceof Error && depth < deepest; depth++) {
    if (!redactFields(current as unknown as Record<string, unknown>, values))
      return new Error(redacted);
    current = current.cause;
  }
  return thrown;
}

/** What errors say in words; `detail`, `where` and the others are PostgreSQL's. */
const worded = ["message", "stack", "why", "fix", "detail", "hint", "where", "internalQuery"];

/** False when it holds one of them and keeps it. */
function redactFields(error: Record<string, unknown>, values: readonly string[]): boolean {
  for (const name of worded) {
    const text = error[name];
    if (typeof text !== "string") continue;
    const without = redactText(text, values);
    if (without !== text && !Reflect.set(error, name, without)) return false;
  }
  return true;
}

/** Longer values first, since one may be a part of another; each once. */
export function redactable(values: Iterable<string>): string[] {
  return [...new Set(values)]
    .filter(({ length }) => length >= shortestWord)
    .toSorted((one, other) => other.length - one.length);
}

function wordOf(value: string): RegExp {
  const literal = value.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}])${literal}(?![\p{L}\p{N}])`, "gu");
}
