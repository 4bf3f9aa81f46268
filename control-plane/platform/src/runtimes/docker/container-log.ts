import { closeSync, openSync, statSync, writeSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Engine } from "./engine.ts";

/** Bytes before each part of a stream that carries both outputs: which, three zeros, the length. */
const headerBytes = 8;
/** A part that is said to be larger is none of the engine's, bytes. */
const mostBytes = 16 * 1_048_576;
/** What was written down last may have been printed a moment before, seconds. */
const overlapSeconds = 1;

/**
 * Appends what a container prints to a log file until it ends. `again`: a platform before us did so; what has come since the file was last written to is
 * fetched, a second of it perhaps twice. Resolves when there is nothing more, or the engine is away.
 */
export async function followLog(
  engine: Engine,
  container: string,
  logFile: string,
  again: boolean,
): Promise<void> {
  const written = statSync(logFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const since = again ? Math.max(0, written / 1_000 - overlapSeconds) : 0;
  const stream = await engine.stream("GET", `/containers/${container}/logs`, {
    query: { follow: "1", stdout: "1", stderr: "1", since: since.toFixed(3) },
    boundMs: 0,
  });
  const fd = openSync(logFile, "a", 0o600);
  try {
    for await (const part of parts(stream)) writeSync(fd, part);
  } finally {
    closeSync(fd);
  }
}

/** The last lines that a container has printed. */
export async function lastOutput(
  engine: Engine,
  container: string,
  lines: number,
): Promise<string> {
  const query = { stdout: "1", stderr: "1", tail: String(lines) };
  const stream = await engine.stream("GET", `/containers/${container}/logs`, { query });
  const printed: Buffer[] = [];
  for await (const part of parts(stream)) printed.push(part);
  return Buffer.concat(printed).toString().trim();
}

/** The parts of both outputs in the order in which they came. */
async function* parts(stream: IncomingMessage): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= headerBytes) {
      const length = rest.readUInt32BE(4);
      if (length > mostBytes) return;
      if (rest.length < headerBytes + length) break;
      yield rest.subarray(headerBytes, headerBytes + length);
      rest = rest.subarray(headerBytes + length);
    }
  }
}
