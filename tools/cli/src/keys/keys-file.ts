import { readFileSync, statSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { type ApiKey, formatApiKeys, parseApiKeys } from "@kerf/control-api/api-keys";
import { KerfError } from "@kerf/kernel";

/** The keys of a file; none when there is no such file. @throws KerfError `invalid_configuration` */
export function readKeys(file: string): readonly ApiKey[] {
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0)
      throw new Error(`Others than its owner can read it: chmod 600 ${file}`);
    return parseApiKeys(readFileSync(file, "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw new KerfError("invalid_configuration", {
      message: `${file} is no file of API keys that can be used.`,
      why: (cause as Error).message,
      fix: "Correct it, or name another file.",
      cause,
    });
  }
}

/**
 * Changes the file whole or not at all: beside its place, flushed to the disk, renamed. The unfinished file keeps a second
 * `kerf keys` out meanwhile.
 * @throws KerfError `conflict` when one is at work
 */
export async function changeKeys(
  file: string,
  change: (keys: readonly ApiKey[]) => readonly ApiKey[],
): Promise<void> {
  const unfinished = `${file}.new`;
  const handle = await open(unfinished, "wx", 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "EEXIST"
      ? new KerfError("conflict", {
          message: `Another kerf keys is changing ${file}.`,
          fix: `Try again; when none is running, delete ${unfinished}.`,
        })
      : new KerfError("invalid_configuration", {
          message: `${file} cannot be written.`,
          why: cause.message,
          fix: "Name a file in a folder of yours.",
          cause,
        });
  });
  try {
    try {
      await handle.writeFile(formatApiKeys(change(readKeys(file))));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}
