import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type { ServerAccount } from "./account.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { copyBlankCluster, newPassword } from "./blank-cluster.ts";
import { initdb } from "./initdb.ts";
import { own } from "./own.ts";

/** Where the parts of one embedded server lie. */
export interface ClusterPaths {
  readonly directory: string;
  readonly data: string;
  readonly log: string;
  readonly password: string;
}

/** The layout below the directory of a server. */
export function clusterPaths(directory: string): ClusterPaths {
  return {
    directory,
    data: join(directory, "data"),
    log: join(directory, "server.log"),
    password: join(directory, "superuser-password"),
  };
}

/**
 * Makes the data directory when there is none, and gives the superuser's password. It appears whole or not at all: it is
 * built beside its place and renamed.
 */
export async function initialise(
  paths: ClusterPaths,
  binaries: PostgresBinaries,
  account: ServerAccount,
  durable: boolean,
  signal: AbortSignal | undefined,
): Promise<string> {
  const version = await readFile(join(paths.data, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version !== undefined) return existingPassword(paths, binaries, version.trim());
  if (await stat(paths.data).catch(() => undefined)) {
    throw new KerfError("start_failed", {
      message: `${paths.data} exists and is not a PostgreSQL data directory.`,
      why: "It has no file PG_VERSION.",
      fix: "Move it away and start again.",
    });
  }
  // A name of its own: after a kill the program that made the one before may still be writing to it.
  const unfinished = `${paths.data}.${randomBytes(4).toString("hex")}.new`;
  await mkdir(unfinished, { mode: 0o700 });
  try {
    await own(account, unfinished);
    const password = await makeCluster(binaries, account, unfinished, { sync: durable, signal });
    await writeFile(paths.password, password, { mode: 0o600 });
    await chmod(paths.password, 0o600);
    await rename(unfinished, paths.data);
    return password;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function existingPassword(
  paths: ClusterPaths,
  binaries: PostgresBinaries,
  version: string,
): Promise<string> {
  if (Number.parseInt(version, 10) !== binaries.major) {
    throw new KerfError("start_failed", {
      message: `The data in ${paths.data} was written by PostgreSQL ${version}; installed is ${binaries.major}.`,
      why: "A data directory belongs to one major version of PostgreSQL.",
      fix: `Install the embedded PostgreSQL ${version} again, dump the databases, move the directory away and restore them.`,
    });
  }
  try {
    return (await readFile(paths.password, "utf8")).trim();
  } catch (cause) {
    throw new KerfError("start_failed", {
      message: `The superuser's password of the data in ${paths.data} cannot be read.`,
      why: (cause as Error).message,
      fix: `Put ${paths.password} back (mode 0600, owned by you), or move the whole directory away to start with empty databases.`,
      cause,
    });
  }
}

/**
 * Takes a spare cluster or copies the blank one; where there is no place to keep one, as below a read-only installation, initdb makes
 * this one alone. Gives the superuser's password.
 */
async function makeCluster(...cluster: Parameters<typeof copyBlankCluster>): Promise<string> {
  const [binaries, account, data, options] = cluster;
  try {
    return await copyBlankCluster(...cluster);
  } catch (error) {
    if (options.signal?.aborted === true) throw error;
    await rm(data, { recursive: true, force: true });
    await mkdir(data, { mode: 0o700 });
    await own(account, data);
    const password = newPassword();
    await initdb(binaries, account, data, password, options);
    return password;
  }
}
