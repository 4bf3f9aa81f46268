import { newTrace, Trace } from "@kerf/kernel";
import { requestFlag } from "./frame.ts";
import type { Output } from "./output.ts";
import type { KnownStrings } from "./string-table.ts";
import { ProtocolViolation } from "./violation.ts";

/** Everything of a REQUEST or OPEN that comes before its body. */
export interface RequestHeader {
  readonly service: string;
  readonly operation: string;
  readonly caller: string;
  readonly principalToken: string | undefined;
  /** Milliseconds that are left for the call; infinite when it has no deadline. */
  readonly remainingMs: number;
  readonly trace: Trace;
  readonly idempotencyKey: string | undefined;
  readonly after: string | undefined;
}

/** The same with its repeated strings as numbers of the connection's table. */
export interface NumberedHeader {
  readonly service: number;
  readonly operation: number;
  readonly caller: number;
  readonly principalToken: number;
}

const fixedBytes = 1 + 4 + 4 * 2 + 16 + 8;
/** Stands for "no deadline"; everything below is milliseconds. */
const noDeadline = 0xffff_ffff;

/** Room that the header takes in its frame, in bytes, at most. */
export function roomForHeader(
  trace: Trace,
  idempotencyKey: string | undefined,
  after: string | undefined,
): number {
  let bytes = fixedBytes;
  if (trace.state !== undefined) bytes += 2 + trace.state.length * 3;
  if (idempotencyKey !== undefined) bytes += 2 + idempotencyKey.length * 3;
  if (after !== undefined) bytes += 2 + after.length * 3;
  return bytes;
}

/** Writes the header into the frame that `output` has begun. */
export function writeHeader(
  output: Output,
  names: NumberedHeader,
  remainingMs: number,
  trace: Trace,
  idempotencyKey: string | undefined,
  after: string | undefined,
): void {
  let flags = trace.sampled ? requestFlag.sampled : 0;
  if (trace.state !== undefined) flags |= requestFlag.traceState;
  if (idempotencyKey !== undefined) flags |= requestFlag.idempotencyKey;
  if (after !== undefined) flags |= requestFlag.after;
  output.u8(flags);
  // Rounded down, so that a deadline never grows on its way; at least 1, since what has run out is not sent.
  output.u32(Math.min(noDeadline, Math.max(1, Math.floor(remainingMs))));
  output.u16(names.service);
  output.u16(names.operation);
  output.u16(names.caller);
  output.u16(names.principalToken);
  output.ids(trace);
  if (trace.state !== undefined) output.shortText(trace.state);
  if (idempotencyKey !== undefined) output.shortText(idempotencyKey);
  if (after !== undefined) output.shortText(after);
}

/** Reads headers, one after another, out of frames. */
export class HeaderReader {
  readonly #strings: KnownStrings;
  readonly #maxStringBytes: number;
  #at = 0;

  constructor(strings: KnownStrings, maxStringBytes: number) {
    this.#strings = strings;
    this.#maxStringBytes = maxStringBytes;
  }

  /** Where what follows the last header starts. */
  get end(): number {
    return this.#at;
  }

  /** Reads the header that starts at `start`. */
  read(bytes: Buffer, start: number, end: number): RequestHeader {
    if (end - start < fixedBytes)
      throw new ProtocolViolation("bad_header", "A request is shorter than its header.");
    const flags = bytes[start] as number;
    const strings = this.#strings;
    const remaining = bytes.readUInt32BE(start + 1);
    const token = bytes.readUInt16BE(start + 11);
    const sampled = (flags & requestFlag.sampled) !== 0;
    this.#at = start + fixedBytes;
    const state = (flags & requestFlag.traceState) !== 0 ? this.#shortText(bytes, end) : undefined;
    return {
      remainingMs: remaining === noDeadline ? Number.POSITIVE_INFINITY : remaining,
      service: strings.get(bytes.readUInt16BE(start + 5)),
      operation: strings.get(bytes.readUInt16BE(start + 7)),
      caller: strings.get(bytes.readUInt16BE(start + 9)),
      principalToken: token === 0 ? undefined : strings.get(token),
      trace: Trace.read(bytes, start + 13, sampled, state) ?? newTrace(sampled),
      idempotencyKey:
        (flags & requestFlag.idempotencyKey) !== 0 ? this.#shortText(bytes, end) : undefined,
      after: (flags & requestFlag.after) !== 0 ? this.#shortText(bytes, end) : undefined,
    };
  }

  #shortText(bytes: Buffer, end: number): string {
    const start = this.#at + 2;
    const length = start <= end ? bytes.readUInt16BE(this.#at) : 0;
    if (start + length > end || length > this.#maxStringBytes) {
      throw new ProtocolViolation(
        "bad_header",
        "A string of a header is longer than its frame or its bound.",
      );
    }
    this.#at = start + length;
    return bytes.toString("utf8", start, this.#at);
  }
}
