import { createHash } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";

/** How many bytes of a file's beginning tell it from those that were set aside before it. */
const headBytes = 1_024;
/** How many files of a log are set aside (`log-rotation.ts`). */
const olderFiles = 2;

/** How far a log has been read. It stays true when the file is set aside and begun anew, and over restarts of whoever reads. */
export interface LogPosition {
  /** Bytes that have been read. */
  readonly at: number;
  /** Length and digest of the beginning of the file that was read. */
  readonly head: { readonly bytes: number; readonly digest: string };
}

/** Lines that came since, and where the next ones begin. */
export interface LogPiece {
  readonly lines: readonly string[];
  readonly next: LogPosition;
}

/** Where the last `bytes` of a log begin, those that were set aside included; undefined where there is nothing yet. */
export async function tailOf(file: string, bytes: number): Promise<LogPosition | undefined> {
  let found: LogPosition | undefined;
  let left = bytes;
  for (const name of namesOf(file).toReversed()) {
    const handle = await open(name, "r").catch(() => undefined);
    if (handle === undefined) continue;
    try {
      const { size } = await handle.stat();
      if (size > 0) found = await positionIn(handle, Math.max(0, size - left), size);
      left -= size;
    } finally {
      await handle.close();
    }
    if (left <= 0) break;
  }
  return found;
}

/** Reads on in a log, in the files that were set aside meanwhile first. At most `maxBytes` at a time; undefined when nothing came. */
export async function readOn(
  file: string,
  from: LogPosition | undefined,
  maxBytes: number,
): Promise<LogPiece | undefined> {
  const size = await stat(file).then(
    (info) => info.size,
    () => 0,
  );
  // Mostly so.
  if (size === (from?.at ?? 0)) return undefined;
  const files: FileHandle[] = [];
  try {
    // Oldest first. They are held open, so that setting aside in between does not change what is read.
    for (const name of namesOf(file)) {
      const handle = await open(name, "r").catch(() => undefined);
      if (handle !== undefined) files.push(handle);
    }
    if (files.length === 0) return undefined;
    const known = from === undefined ? -1 : await indexOf(files, from);
    // What was read last is gone: so is what came after it there. What is left is all newer.
    const first = known === -1 ? 0 : known;
    for (let index = first; index < files.length; index++) {
      const handle = files[index] as FileHandle;
      const at = index === known ? (from as LogPosition).at : 0;
      const piece = await pieceOf(handle, at, maxBytes, index < files.length - 1);
      if (piece !== undefined) return piece;
    }
    return undefined;
  } finally {
    await Promise.all(files.map((handle) => handle.close()));
  }
}

function namesOf(file: string): string[] {
  const older = Array.from({ length: olderFiles }, (_, index) => `${file}.${olderFiles - index}`);
  return [...older, file];
}

/** Which of the files was read: the newest that begins alike, since a copy is made before a file is emptied. -1 for none. */
async function indexOf(files: readonly FileHandle[], { at, head }: LogPosition): Promise<number> {
  for (let index = files.length - 1; index >= 0; index--) {
    const handle = files[index] as FileHandle;
    const { size } = await handle.stat();
    const isWhole = index < files.length - 1 || size >= at;
    if (isWhole && size >= head.bytes && (await digestOf(handle, head.bytes)) === head.digest)
      return index;
  }
  return -1;
}

async function pieceOf(
  handle: FileHandle,
  at: number,
  maxBytes: number,
  isSetAside: boolean,
): Promise<LogPiece | undefined> {
  const { size } = await handle.stat();
  if (size <= at) return undefined;
  const { buffer, bytesRead } = await handle.read({
    buffer: Buffer.alloc(Math.min(size - at, maxBytes)),
    position: at,
  });
  const read = buffer.subarray(0, bytesRead);
  const lastEnd = read.lastIndexOf(0x0a) + 1;
  // The rest of a line is still to come, unless it is longer than anybody reads or nobody writes here any more.
  const isOver = bytesRead === maxBytes || isSetAside;
  const taken = lastEnd > 0 ? lastEnd : isOver ? bytesRead : 0;
  if (taken === 0) return undefined;
  const lines = read.toString("utf8", 0, taken).split("\n");
  return {
    lines: lines.filter((line) => line.trim() !== ""),
    next: await positionIn(handle, at + taken, size),
  };
}

async function positionIn(handle: FileHandle, at: number, size: number): Promise<LogPosition> {
  const bytes = Math.min(size, headBytes);
  return { at, head: { bytes, digest: await digestOf(handle, bytes) } };
}

async function digestOf(handle: FileHandle, bytes: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(bytes), position: 0 });
  return createHash("sha256").update(buffer.subarray(0, bytesRead)).digest("base64url");
}
