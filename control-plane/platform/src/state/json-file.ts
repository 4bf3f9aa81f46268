import { readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { KerfError } from "@kerf/kernel";

/**
 * Writes a file of ours whole or not at all: beside its place, flushed to the disk, renamed. Mode 0600, since most of them
 * hold what only their owner may read. `flush: false` for what means nothing after the machine itself went down.
 */
export async function writeWhole(
  file: string,
  text: string,
  options: { flush?: boolean } = {},
): Promise<void> {
  const unfinished = `${file}.${randomBytes(4).toString("hex")}.new`;
  try {
    const handle = await open(unfinished, "wx", 0o600);
    try {
      await handle.writeFile(text);
      if (options.flush !== false) await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (cause) {
    await rm(unfinished, { force: true });
    throw new KerfError("start_failed", {
      message: `${file} cannot be written.`,
      why: (cause as Error).message,
      fix: "Free disk space, or give KERF_HOME to the user that runs Kerf.",
      cause,
    });
  }
}

/** Removes what processes that were killed had begun to write below a directory of ours; nobody else may be writing there. */
export function clearUnfinished(directory: string): void {
  for (const name of readdirSync(directory, { recursive: true, encoding: "utf8" })) {
    if (/\.[0-9a-f]{8}\.new$/.test(name)) rmSync(join(directory, name), { force: true });
  }
}

/** Writes JSON whole or not at all. */
export function writeJson(
  file: string,
  value: unknown,
  options: { flush?: boolean } = {},
): Promise<void> {
  return writeWhole(file, `${JSON.stringify(value, undefined, 2)}\n`, options);
}

/**
 * Reads JSON that we wrote; undefined when the file does not exist. What is no JSON is set aside with a name that says so:
 * a state file that a full disk or a person broke must not keep everything from starting.
 */
export function readJson<T>(file: string): T | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T;
  } catch {
    renameSync(file, `${file}.unreadable`);
    return undefined;
  }
}

/** Reads a text that we wrote; undefined when the file does not exist. Throws `start_failed` for one that cannot be read. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new KerfError("start_failed", {
      message: `${file} cannot be read.`,
      why: (cause as Error).message,
      fix: "Give KERF_HOME to the user that runs Kerf.",
      cause,
    });
  }
}
