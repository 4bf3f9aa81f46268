import { readFile, rm, writeFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";
import { isAlive } from "../process-alive.ts";

/** Runs `work` while no other process starts the same server; the lock of a process that died does not count. */
export async function withStartLock<T>(
  file: string,
  until: number,
  work: () => Promise<T>,
): Promise<T> {
  await acquire(file, until);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function acquire(file: string, until: number): Promise<void> {
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: "wx", mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") {
        throw new KerfError("start_failed", {
          message: `The directory of the PostgreSQL server cannot be written to.`,
          why: (error as Error).message,
          fix: "Free disk space, or give the directory to the user that runs Kerf.",
          cause: error,
        });
      }
    }
    const holder = Number(await readFile(file, "utf8").catch(() => "0"));
    if (holder > 0 && !isAlive(holder)) {
      await rm(file, { force: true });
      continue;
    }
    if (performance.now() > until) {
      throw new KerfError("start_failed", {
        message:
          "Another process is starting the same PostgreSQL server and does not come to an end.",
        why: `Process ${holder} holds ${file}.`,
        fix: `End that process, or delete ${file} when it is not one of Kerf's.`,
      });
    }
    await wait(20);
  }
}
