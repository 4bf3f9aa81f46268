import { open } from "node:fs/promises";

/** How much of a log's end is read for its last lines, in bytes. */
const windowBytes = 16_384;
/** Longest line that is shown, in characters. */
const longest = 2_000;

/** The last lines that a log got since it was `from` bytes long; none when it cannot be read. */
export async function lastLines(log: string, from: number, count: number): Promise<string[]> {
  try {
    const handle = await open(log, "r");
    try {
      const { size } = await handle.stat();
      // It was rotated meanwhile: all that is in it came after.
      const begin = size < from ? 0 : from;
      const start = Math.max(begin, size - windowBytes);
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(size - start),
        position: start,
      });
      const lines = buffer.subarray(0, bytesRead).toString("utf8").split("\n");
      if (start > begin) lines.shift();
      return lines
        .filter((line) => line.trim() !== "")
        .slice(-count)
        .map((line) => line.slice(0, longest));
    } finally {
      await handle.close();
    }
  } catch {
    return [];
  }
}
