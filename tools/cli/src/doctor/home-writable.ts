import { existsSync } from "node:fs";
import { mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { upward } from "../connection/home.ts";
import type { Check } from "./check.ts";

/** A new database server takes 60 MB; an app with data some hundreds. In bytes. */
const needed = 300_000_000;
const comfortable = 2_000_000_000;
/** Longest path of a Unix socket on every system, in bytes; above it sockets lie in the system's folder for temporary files. */
const longestSocket = 103;
/** What stands below the folder of state in the longest socket's path. */
const socketTail = "/run/pg/12345678901234567890/.s.PGSQL.5432";

/** The folder of state, or what it will be made in, can be written to, and its disk has room. */
export const homeWritable: Check = {
  id: "home",
  title: "Folder of state",
  run: async ({ home }) => {
    const folder = nearestExisting(home);
    try {
      const probe = await mkdtemp(join(folder, ".kerf-doctor-"));
      await writeFile(join(probe, "file"), "x");
      await rm(probe, { recursive: true });
    } catch (cause) {
      return {
        state: "failed",
        detail: `${home} cannot be written to: ${(cause as Error).message}`,
        fix: "Give the folder to your user, or choose another one with --home DIR or KERF_HOME.",
      };
    }
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const detail = `${home}, ${gigabytes(free)} free`;
    if (free < needed)
      return {
        state: "failed",
        detail,
        fix: "Free some disk space: databases need 0.3 GB at least.",
      };
    return free < comfortable
      ? {
          state: "warning",
          detail,
          fix: "Free some disk space: 2 GB leave room for data and logs.",
        }
      : { state: "ok", detail };
  },
};

/** Unix sockets can be made where services will meet. */
export const socketsWork: Check = {
  id: "sockets",
  title: "Unix sockets",
  run: async ({ home }) => {
    const fits = Buffer.byteLength(home + socketTail) <= longestSocket;
    const folder = fits ? nearestExisting(home) : tmpdir();
    let directory: string | undefined;
    try {
      directory = await mkdtemp(join(folder, ".kd-"));
      await listenOnce(join(directory, "s"));
    } catch (cause) {
      return {
        state: "failed",
        detail: `none can be made in ${folder}: ${(cause as Error).message}`,
        fix: "Choose a folder on a local disk with --home DIR or KERF_HOME; shared folders of virtual machines often have no sockets.",
      };
    } finally {
      if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    }
    return {
      state: "ok",
      detail: fits ? `in ${home}/run` : `in ${folder}, since ${home} has a long path`,
    };
  },
};

function nearestExisting(folder: string): string {
  return upward(folder).find((directory) => existsSync(directory)) ?? "/";
}

function listenOnce(path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(path, () => server.close(() => resolve()));
  });
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
