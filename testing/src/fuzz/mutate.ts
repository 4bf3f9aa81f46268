import type { Random } from "@kerf/kernel";

/** Longest input, bytes: parsers have bounds of their own, which seeds and words come near to. */
const mostBytes = 4_096;

/** An input that differs from `input` in a few places. */
export function mutate(
  random: Random,
  input: Buffer,
  others: readonly Buffer[],
  words: readonly string[],
): Buffer {
  const pick = (below: number): number => Math.floor(random.next() * below);
  let bytes: Buffer = Buffer.from(input);
  for (let changes = 1 + pick(4); changes > 0; changes--) {
    const at = pick(bytes.length + 1);
    const end = Math.min(bytes.length, at + 1 + pick(16));
    const replaced = (by: Buffer, until = at): Buffer =>
      Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(until)]);
    switch (pick(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = pick(256);
        break;
      case 1:
        // One bit: lengths and numbers of frames stay near to what they were.
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << pick(8));
        break;
      case 2:
        bytes = replaced(Buffer.alloc(0), end);
        break;
      case 3:
        bytes = replaced(bytes.subarray(at, end));
        break;
      case 4:
        bytes = replaced(Buffer.from(words[pick(words.length)] ?? "", "utf8"));
        break;
      case 5:
        bytes = replaced(Buffer.from([pick(256), pick(256), pick(256), pick(256)]), end);
        break;
      default: {
        const other = others[pick(others.length)] ?? bytes;
        bytes = replaced(other.subarray(pick(other.length + 1)), bytes.length);
      }
    }
  }
  return bytes.subarray(0, mostBytes);
}
