import { KerfError } from "@kerf/kernel";
import { ProtocolViolation } from "./violation.ts";

/** A value as the JSON of a payload; `undefined`, which JSON lacks, is an empty one. Throws `code` when it cannot be written. */
export function writeJson(
  value: unknown,
  code: "invalid_input" | "invalid_output",
  what: string,
): string {
  try {
    return (JSON.stringify(value) as string | undefined) ?? "";
  } catch (cause) {
    throw new KerfError(code, {
      message: `${what} cannot be written as JSON.`,
      fix: "Use plain values only: no BigInt, no cycles.",
      cause,
    });
  }
}

/** The value of a payload; an empty one is `undefined`. */
export function readJson(bytes: Buffer, start: number, end: number): unknown {
  if (start === end) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8", start, end));
  } catch {
    throw new ProtocolViolation("bad_json", "A body is not JSON.");
  }
}

/** Whether `text` takes more than `most` bytes in UTF-8; what is surely short is not measured. */
export function isLonger(text: string | undefined, most: number): boolean {
  return text !== undefined && text.length * 3 > most && Buffer.byteLength(text) > most;
}
