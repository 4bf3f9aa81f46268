import { frameType } from "../frame.ts";
import type { CloseReason } from "../violation.ts";
import { definitions, frame, greeting, request } from "./raw-peer.ts";

/** Bytes that a connection must not survive, and the reason it is counted under. */
export interface HostileBytes {
  readonly name: string;
  readonly reason: CloseReason;
  readonly bytes: Buffer;
}

const u32 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  return bytes;
};
const length = (value: number): Buffer => Buffer.concat([u32(value), Buffer.from([1, 0, 0, 0, 0])]);
const preface = (min: number, max: number): Buffer => {
  const bytes = Buffer.from(greeting().subarray(0, 8));
  bytes.writeUInt16BE(min, 4);
  bytes.writeUInt16BE(max, 6);
  return bytes;
};
const greeted = (...frames: Uint8Array[]): Buffer =>
  Buffer.concat([greeting(), definitions, ...frames]);

/** What either side may meet before the handshake is done. */
export const hostileGreetings: readonly HostileBytes[] = [
  { name: "an HTTP request", reason: "bad_magic", bytes: Buffer.from("GET / HTTP/1.1\r\n\r\n") },
  { name: "a TLS hello", reason: "bad_magic", bytes: Buffer.from([0x16, 3, 1, 2, 0, 1]) },
  { name: "a magic whose last byte is wrong", reason: "bad_magic", bytes: Buffer.from("KERG") },
  { name: "only newer versions", reason: "no_common_version", bytes: preface(2, 9) },
  { name: "only version 0", reason: "no_common_version", bytes: preface(0, 0) },
  { name: "a range upside down", reason: "no_common_version", bytes: preface(3, 1) },
  {
    name: "a request instead of the HELLO",
    reason: "unexpected_frame",
    bytes: Buffer.concat([preface(1, 1), request(0)]),
  },
  {
    name: "a HELLO over its limit",
    reason: "frame_too_large",
    bytes: Buffer.concat([preface(1, 1), frame(frameType.hello, 0, "x".repeat(5000))]),
  },
  {
    name: "a HELLO that is not JSON",
    reason: "bad_json",
    bytes: Buffer.concat([preface(1, 1), frame(frameType.hello, 0, "{")]),
  },
  {
    name: "a HELLO that is null",
    reason: "bad_hello",
    bytes: Buffer.concat([preface(1, 1), frame(frameType.hello, 0, "null")]),
  },
  { name: "a HELLO from nobody", reason: "bad_hello", bytes: greeting({ instance: undefined }) },
  { name: "a HELLO whose caller is no text", reason: "bad_hello", bytes: greeting({ caller: 1 }) },
  { name: "a HELLO with no room for calls", reason: "bad_hello", bytes: greeting({ maxCalls: 0 }) },
  { name: "a HELLO with a huge table", reason: "bad_hello", bytes: greeting({ maxStrings: 1e9 }) },
  {
    name: "a HELLO with a fraction",
    reason: "bad_hello",
    bytes: greeting({ maxFrameBytes: 5000.5 }),
  },
];

/** What either side may meet after the greeting. */
export const hostileFrames: readonly HostileBytes[] = [
  { name: "an unknown type", reason: "unknown_type", bytes: frame(200, 0) },
  {
    name: "a second HELLO",
    reason: "unexpected_frame",
    bytes: frame(frameType.hello, 0, "{}"),
  },
  { name: "a frame of no length", reason: "bad_frame", bytes: length(0) },
  { name: "a frame shorter than its head", reason: "bad_frame", bytes: length(4) },
  {
    name: "a frame over the limit",
    reason: "frame_too_large",
    bytes: length(16 * 1024 * 1024 + 1),
  },
  {
    name: "the largest length there is",
    reason: "frame_too_large",
    bytes: length(0xffff_ffff),
  },
  {
    name: "a flood of pings",
    reason: "too_many_pings",
    bytes: Buffer.concat(Array.from({ length: 1000 }, () => frame(frameType.ping, 0))),
  },
];

const header = (change: (payload: Buffer) => Buffer): Buffer =>
  frame(frameType.request, 0, change(Buffer.from(request(0).subarray(9))));
const flagged = (flags: number, tail: Buffer): Buffer =>
  header((payload) => {
    payload[0] = flags;
    return Buffer.concat([payload.subarray(0, 37), tail]);
  });

/** What only a server may meet. */
export const hostileRequests: readonly HostileBytes[] = [
  {
    name: "a request without a header",
    reason: "bad_header",
    bytes: greeted(frame(frameType.request, 0)),
  },
  {
    name: "half a header",
    reason: "bad_header",
    bytes: greeted(frame(frameType.request, 0, Buffer.alloc(20))),
  },
  {
    name: "a name that was never defined",
    reason: "bad_header",
    bytes: Buffer.concat([greeting(), request(0)]),
  },
  {
    name: "a name outside of the table",
    reason: "bad_header",
    bytes: greeted(
      header((payload) => {
        payload.writeUInt16BE(0xffff, 5);
        return payload;
      }),
    ),
  },
  {
    name: "a key longer than its frame",
    reason: "bad_header",
    bytes: greeted(flagged(4, Buffer.from([0xff, 0xff, 65]))),
  },
  {
    name: "a key whose length is cut off",
    reason: "bad_header",
    bytes: greeted(flagged(4, Buffer.from([0]))),
  },
  {
    name: "a key over its bound",
    reason: "bad_header",
    bytes: greeted(flagged(4, Buffer.concat([Buffer.from([0x40, 0]), Buffer.alloc(0x4000, 65)]))),
  },
  {
    name: "a definition in slot 0",
    reason: "bad_header",
    bytes: greeted(frame(frameType.define, 0, "a")),
  },
  {
    name: "a definition outside of the table",
    reason: "bad_header",
    bytes: greeted(frame(frameType.define, 2_049, "a")),
  },
  {
    name: "a definition over its bound",
    reason: "bad_header",
    bytes: greeted(frame(frameType.define, 1, "a".repeat(8193))),
  },
  { name: "a slot over the limit", reason: "wrong_stream", bytes: greeted(request(1024)) },
  { name: "a slot that is in use", reason: "wrong_stream", bytes: greeted(request(7), request(7)) },
  {
    name: "a slot that is in use, with another count",
    reason: "wrong_stream",
    bytes: greeted(request(7), request(7 + 65_536)),
  },
  {
    name: "an OPEN without a window",
    reason: "bad_header",
    bytes: greeted(frame(frameType.open, 0, request(0).subarray(9, 46))),
  },
  {
    name: "a CANCEL outside of the slots",
    reason: "wrong_stream",
    bytes: greeted(frame(frameType.cancel, 1024, "1")),
  },
  {
    name: "a CREDIT of the wrong size",
    reason: "bad_frame",
    bytes: greeted(frame(frameType.credit, 0, "1234")),
  },
  {
    name: "a CREDIT for a call",
    reason: "wrong_stream",
    bytes: greeted(request(7), frame(frameType.credit, 7, u32(1, 1))),
  },
  {
    name: "a flood of CANCELs",
    reason: "too_many_cancels",
    bytes: greeted(...Array.from({ length: 30_000 }, () => frame(frameType.cancel, 3, "1"))),
  },
  {
    name: "a RESPONSE from a caller",
    reason: "unexpected_frame",
    bytes: greeted(frame(frameType.response, 0, "1")),
  },
  {
    name: "a GOAWAY from a caller",
    reason: "unexpected_frame",
    bytes: greeted(frame(frameType.goaway, 0)),
  },
];

/** What only a client may meet, as answers to its first call (stream id 0) or first stream (stream id 0). */
export const hostileAnswers: readonly (HostileBytes & { readonly to: "call" | "stream" })[] = [
  {
    name: "an answer that is not JSON",
    to: "call",
    reason: "bad_json",
    bytes: frame(frameType.response, 0, "nope"),
  },
  {
    name: "an error that is not JSON",
    to: "call",
    reason: "bad_json",
    bytes: frame(frameType.error, 0, "{"),
  },
  {
    name: "an error without a code",
    to: "call",
    reason: "bad_json",
    bytes: frame(frameType.error, 0, '{"message":"m","retry":"never"}'),
  },
  {
    name: "an error that is null",
    to: "call",
    reason: "bad_json",
    bytes: frame(frameType.error, 0, "null"),
  },
  {
    name: "an error without a retry meaning",
    to: "call",
    reason: "bad_json",
    bytes: frame(frameType.error, 0, '{"code":"c","message":"m","retry":"often"}'),
  },
  {
    name: "an answer to nothing",
    to: "call",
    reason: "wrong_stream",
    bytes: frame(frameType.response, 5, "1"),
  },
  {
    name: "an answer to a later use",
    to: "call",
    reason: "wrong_stream",
    bytes: frame(frameType.response, 65_536, "1"),
  },
  {
    name: "an item for a call",
    to: "call",
    reason: "unexpected_frame",
    bytes: frame(frameType.item, 0, "1"),
  },
  {
    name: "an END for a call",
    to: "call",
    reason: "unexpected_frame",
    bytes: frame(frameType.end, 0),
  },
  { name: "a REQUEST from a callee", to: "call", reason: "unexpected_frame", bytes: request(0) },
  {
    name: "an answer to a stream",
    to: "stream",
    reason: "unexpected_frame",
    bytes: frame(frameType.response, 0, "1"),
  },
  {
    name: "an item that is not JSON",
    to: "stream",
    reason: "bad_json",
    bytes: frame(frameType.item, 0, "]"),
  },
  {
    name: "more items than were asked for",
    to: "stream",
    reason: "window_violated",
    bytes: Buffer.concat(Array.from({ length: 200 }, () => frame(frameType.item, 0, "1"))),
  },
  {
    name: "more bytes than were asked for",
    to: "stream",
    reason: "window_violated",
    bytes: Buffer.concat(
      Array.from({ length: 4 }, () =>
        frame(frameType.item, 0, JSON.stringify("x".repeat(200_000))),
      ),
    ),
  },
];
