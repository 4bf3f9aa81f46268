import { KerfError } from "@kerf/kernel";

const unitMicros: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1_000,
  s: 1_000_000,
  m: 60_000_000,
  min: 60_000_000,
  h: 3_600_000_000,
};

/** A duration such as `500ms`, `1.5s` or `2min` in microseconds; a bare number is milliseconds. Throws `invalid_input`. */
export function microsOf(text: string): number {
  const [, digits = "", unit = "ms"] = /^(\d+(?:\.\d+)?)([a-zµ]+)?$/.exec(text) ?? [];
  const factor = Object.hasOwn(unitMicros, unit) ? unitMicros[unit] : undefined;
  if (digits === "" || factor === undefined) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(text)} is no duration.`,
      fix: "Write a number and us, ms, s, m or h: duration:>500ms",
    });
  }
  return Number(digits) * factor;
}

/** Hex digits of an id, whole or the first of them, as the least and the greatest id that begins so. Throws `invalid_input`. */
export function idRange(
  text: string,
  bytes: number,
): { readonly least: Buffer; readonly greatest: Buffer } {
  if (!/^[0-9a-f]+$/i.test(text) || text.length > bytes * 2) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(text)} is no id.`,
      fix: `Give ${bytes * 2} hex digits, or the first of them.`,
    });
  }
  return {
    least: Buffer.from(text.padEnd(bytes * 2, "0"), "hex"),
    greatest: Buffer.from(text.padEnd(bytes * 2, "f"), "hex"),
  };
}

const levels: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21,
};

/** The least severity number of a level. Throws `invalid_input`. */
export function severityOf(text: string): number {
  const severity = Object.hasOwn(levels, text.toLowerCase())
    ? levels[text.toLowerCase()]
    : undefined;
  if (severity === undefined) {
    throw new KerfError("invalid_input", {
      message: `${JSON.stringify(text)} is no level.`,
      fix: `Give one of: ${Object.keys(levels).join(", ")}`,
    });
  }
  return severity;
}

/** A pattern for `like` with `\` as escape, in which only `*` stands for anything. */
export function likePattern(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}
