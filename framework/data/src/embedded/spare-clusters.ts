import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ServerAccount } from "./account.ts";
import { own } from "./own.ts";
import { runProgram } from "./program.ts";
import { withStartLock } from "./start-lock.ts";

/** How many copies of the blank cluster are kept ready: as many as the shop's first start takes. */
export const sparesKept = 2;
/** How long another process may take to make them, milliseconds. */
const makeBoundMs = 60_000;

/** The directory of the spares, beside the blank cluster: taking one is then a rename in one file system. */
function sparesOf(blank: string): string {
  return `${blank}.spares`;
}

/**
 * Moves a spare copy of the blank cluster to the empty directory `data`, which costs nothing, where copying costs 0.1 s for
 * a thousand files and far more on a busy disk. False when there is none, or when `data` is on another file system.
 */
export async function takeSpare(blank: string, data: string): Promise<boolean> {
  const names = await readdir(sparesOf(blank)).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith("ready."))) {
    try {
      await rename(join(sparesOf(blank), name), data);
      return true;
    } catch (error) {
      // Somebody else was quicker with this one; whatever else is wrong is wrong with all of them.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") return false;
    }
  }
  return false;
}

/** Makes the spares that are missing, one process at a time; they are on the disk when it resolves. */
export async function fillSpares(
  account: ServerAccount,
  blank: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const place = sparesOf(blank);
  await mkdir(place, { recursive: true, mode: 0o700 });
  await own(account, place);
  await withStartLock(join(place, "lock"), performance.now() + makeBoundMs, async () => {
    const names = await readdir(place);
    for (const name of names) {
      if (name.startsWith("new.")) await rm(join(place, name), { recursive: true, force: true });
    }
    const ready = names.filter((name) => name.startsWith("ready.")).length;
    for (let missing = sparesKept - ready; missing > 0; missing -= 1) {
      if (signal?.aborted === true) return;
      const name = randomBytes(4).toString("hex");
      const unfinished = join(place, `new.${name}`);
      try {
        await runProgram(account, "nice", ["cp", "-Rp", blank, unfinished], { signal });
        await runProgram(account, "sync", ["-f", unfinished], { signal });
        await rename(unfinished, join(place, `ready.${name}`));
      } catch (error) {
        await rm(unfinished, { recursive: true, force: true });
        throw error;
      }
    }
  });
}
