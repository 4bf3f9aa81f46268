import { open } from "node:fs/promises";

/** How much of the end is read, in bytes, and how many lines of it are shown. */
const readBytes = 8_192;
const shownLines = 12;

/** The end of a log from byte `from` on, as far as it explains a failure: without the frames of stacks, which push the message out. */
export async function lastLines(file: string, from: number): Promise<string[]> {
  const handle = await open(file).catch(() => undefined);
  if (handle === undefined) return [];
  try {
    const { size } = await handle.stat();
    const start = Math.max(from, size - readBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(readBytes), 0, readBytes, start);
    return buffer
      .subarray(0, bytesRead)
      .toString("utf8")
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^\s+at /.test(line))
      .slice(-shownLines);
  } finally {
    await handle.close();
  }
}
