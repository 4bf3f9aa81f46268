import { magic, prefaceBytes, versions } from "./frame.ts";
import type { FramedLimits } from "./limits.ts";
import { ProtocolViolation } from "./violation.ts";

/** What each side says of itself before anything else, as the JSON of its HELLO. Fields it does not know it ignores. */
export interface Hello {
  /** Id of the running copy, for logs and messages. */
  readonly instance: string;
  /** The service that connects, when it is one. */
  readonly caller?: string | undefined;
  /** What this side accepts; see `FramedLimits`. */
  readonly maxFrameBytes: number;
  readonly maxCalls: number;
  readonly maxStrings: number;
  readonly maxStringBytes: number;
  /** Of a callee: it answers a request whose body is not JSON with `invalid_input`, and does not end the connection for it. */
  readonly answersBadJson?: boolean | undefined;
}

/** Largest HELLO frame, bytes: the limit until it has come. */
export const maxHelloBytes = 4096;
/** Fewest strings that a table must hold: one request names up to four. */
const minStrings = 8;

/** The first bytes of a connection. */
export function prefaceFor(
  range: { readonly min: number; readonly max: number } = versions,
): Buffer {
  const bytes = Buffer.alloc(prefaceBytes);
  bytes.writeUInt32BE(magic, 0);
  bytes.writeUInt16BE(range.min, 4);
  bytes.writeUInt16BE(range.max, 6);
  return bytes;
}

/** The highest version that both ranges hold. */
export function chooseVersion(min: number, max: number): number {
  const version = Math.min(max, versions.max);
  if (version < Math.max(min, versions.min)) {
    throw new ProtocolViolation(
      "no_common_version",
      `This side speaks versions ${versions.min} to ${versions.max} of the protocol, the other side ${min} to ${max}.`,
    );
  }
  return version;
}

/** What this side says of itself. */
export function helloOf(instance: string, caller: string | undefined, limits: FramedLimits): Hello {
  return {
    instance,
    caller,
    maxFrameBytes: limits.maxFrameBytes,
    maxCalls: limits.maxCalls,
    maxStrings: limits.maxStrings,
    maxStringBytes: limits.maxStringBytes,
    answersBadJson: true,
  };
}

/** Reads the other side's HELLO. */
export function readHello(value: unknown): Hello {
  if (typeof value !== "object" || value === null)
    throw new ProtocolViolation("bad_hello", "The HELLO is no object.");
  const hello = value as Hello;
  if (
    typeof hello.instance !== "string" ||
    (hello.caller !== undefined && typeof hello.caller !== "string")
  ) {
    throw new ProtocolViolation("bad_hello", "The HELLO does not say who speaks.");
  }
  checkBound(hello.maxFrameBytes, "maxFrameBytes", maxHelloBytes, 0xffff_ffff);
  checkBound(hello.maxCalls, "maxCalls", 1, 0x1_0000);
  checkBound(hello.maxStrings, "maxStrings", minStrings, 0xffff);
  checkBound(hello.maxStringBytes, "maxStringBytes", 256, 0xffff);
  return hello;
}

function checkBound(value: unknown, name: string, least: number, most: number): void {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new ProtocolViolation(
    "bad_hello",
    `The HELLO's ${name} is not a whole number from ${least} to ${most}.`,
  );
}
