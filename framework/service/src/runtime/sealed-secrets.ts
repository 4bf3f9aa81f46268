import type { Secrets } from "../declaration/settings.ts";

/** What stands in the place of a secret wherever it would be shown. */
const shown = "[secret]";

/**
 * The secrets of a service as its handlers get them. Each is read by its name; the object as a whole shows nothing: not when it is printed, written as
 * JSON, spread or copied.
 */
export function sealSecrets(values: Iterable<readonly [string, string]>): Secrets {
  const sealed = Object.create(null) as Record<PropertyKey, unknown>;
  const hide = (key: PropertyKey, value: unknown): void => {
    Object.defineProperty(sealed, key, { value, enumerable: false });
  };
  for (const name of ["toString", "toJSON", Symbol.toPrimitive]) hide(name, () => shown);
  hide(Symbol.for("nodejs.util.inspect.custom"), () => shown);
  for (const [name, value] of values) hide(name, value);
  return Object.freeze(sealed) as Secrets;
}

/** The shortest value that is looked for in what is written, characters: a shorter one would take ordinary words out of it. */
const shortestRedacted = 6;

/** Writes `[secret]` in the place of each of these values, as they are or as JSON has them. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const written = secrets
    .filter((secret) => secret.length >= shortestRedacted)
    .flatMap((secret) => [...new Set([secret, JSON.stringify(secret).slice(1, -1)])])
    // One may be a part of another.
    .toSorted((a, b) => b.length - a.length);
  if (written.length === 0) return (text) => text;
  return (text) =>
    written.reduce(
      (rest, secret) => (rest.includes(secret) ? rest.replaceAll(secret, shown) : rest),
      text,
    );
}
