import { InvalidArgumentError, Option } from "commander";

/** Milliseconds of what `--since` takes. */
const units: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** `--since`: how far back, as milliseconds. */
export function timeOption(): Option {
  return new Option(
    "--since <span>",
    "how far back: a number and s, m, h or d (default: 24h)",
  ).argParser((text) => {
    const [, digits = "", unit = ""] = /^(\d{1,6}(?:\.\d+)?)([a-z]+)$/.exec(text) ?? [];
    const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (factor === undefined)
      throw new InvalidArgumentError("It must be a number and s, m, h or d, such as 15m.");
    return Number(digits) * factor;
  });
}

/** A moment, as milliseconds since 1970-01-01 UTC. */
export function momentOption(name: string, description: string): Option {
  return new Option(`${name} <time>`, description).argParser((text) => {
    const at = Date.parse(text);
    if (Number.isNaN(at) || !/^\d{4}-\d\d-\d\d/.test(text))
      throw new InvalidArgumentError("It must be a time, such as 2026-03-01T10:00:00Z.");
    return at;
  });
}

/** Reads a whole number from 1 on. */
export function rowCount(most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d{1,6}$/.test(text) && count >= 1 && count <= most) return count;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`);
  };
}
