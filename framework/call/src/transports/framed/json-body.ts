import { KerfError } from "@kerf/kernel";
import { parseJson } from "../../json/parse.ts";
import { RawJson } from "../../json/raw-json.ts";
import { ProtocolViolation } from "./violation.ts";

/** JSON as a payload has it: text, or its bytes in UTF-8. */
export type Body = string | Uint8Array;

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

/**
 * The input of a request; an empty one is `undefined`. One that is not JSON, or that nobody may read, is no fault of the connection: a
 * gateway passes on what its clients send. It goes on as it came, and whoever reads it refuses it where inputs are refused.
 */
export function readInput(bytes: Buffer, start: number, end: number): unknown {
  if (start === end) return undefined;
  try {
    return parseJson(bytes, start, end);
  } catch (fault) {
    return new RawJson(Buffer.from(bytes.subarray(start, end)), fault as Error);
  }
}

/** Whether `body` takes more than `most` bytes in UTF-8; what is surely short is not measured. */
export function isLonger(body: Body | undefined, most: number): boolean {
  return body !== undefined && body.length * 3 > most && Buffer.byteLength(body) > most;
}
