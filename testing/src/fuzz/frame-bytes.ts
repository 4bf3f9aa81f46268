/** A frame of the wire (docs/architecture/wire.md) as bytes. */
export function frame(type: number, stream: number, payload: Buffer | string = ""): Buffer {
  const body = Buffer.from(payload as string);
  const head = Buffer.alloc(9);
  head.writeUInt32BE(5 + body.length, 0);
  head[4] = type;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, body]);
}

/** What opens a connection. */
export const greeting = Buffer.concat([
  Buffer.from("KERF\0\x01\0\x01", "latin1"),
  frame(
    0,
    0,
    '{"instance":"fuzz-1","maxFrameBytes":65536,"maxCalls":16,"maxStrings":8,"maxStringBytes":256}',
  ),
]);

/** The header of a REQUEST whose strings 1, 2 and 3 name service, operation and caller. */
export function header(flags = 0, remainingMs = 1_000): Buffer {
  const bytes = Buffer.alloc(37, 0xab);
  bytes[0] = flags;
  bytes.writeUInt32BE(remainingMs, 1);
  for (const [index, slot] of [1, 2, 3, 0].entries()) bytes.writeUInt16BE(slot, 5 + 2 * index);
  return bytes;
}

/** Frame types and their payloads in a stream of bytes that a side of ours wrote; the preface is left out. */
export function framesIn(bytes: Buffer): { type: number; payload: Buffer }[] {
  const frames: { type: number; payload: Buffer }[] = [];
  for (let at = 8; at + 9 <= bytes.length;) {
    const length = bytes.readUInt32BE(at);
    frames.push({
      type: bytes[at + 4] as number,
      payload: bytes.subarray(at + 9, at + 4 + length),
    });
    at += 4 + length;
  }
  return frames;
}
