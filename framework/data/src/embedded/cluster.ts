import { spawn } from "node:child_process";
import { chown, chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import { scramVerifier } from "../scram.ts";
import type { ServerAccount } from "./account.ts";
import type { PostgresBinaries } from "./binaries.ts";
import { explainFailure } from "./start-failure.ts";

/** The superuser of every embedded server. */
export const superuser = "kerf";

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
  const password = randomBytes(32).toString("base64url");
  const unfinished = `${paths.data}.new`;
  const passwordFile = `${paths.data}.password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  try {
    await writeFile(passwordFile, "", { mode: 0o600 });
    await own(account, unfinished, passwordFile);
    // What initdb reads is the verifier, so that the password itself is in no file that the account can read.
    await writeFile(passwordFile, `${scramVerifier(password)}\n`);
    await initdb(binaries, account, unfinished, passwordFile, durable, signal);
    await writeFile(paths.password, password, { mode: 0o600 });
    await chmod(paths.password, 0o600);
    await rename(unfinished, paths.data);
  } finally {
    await rm(passwordFile, { force: true });
    await rm(unfinished, { recursive: true, force: true });
  }
  return password;
}

/** Gives files to the account that runs the server. */
export async function own(account: ServerAccount, ...files: string[]): Promise<void> {
  if (account.owner === undefined) return;
  for (const file of files) await chown(file, account.owner.uid, account.owner.gid);
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

async function initdb(
  binaries: PostgresBinaries,
  account: ServerAccount,
  data: string,
  passwordFile: string,
  durable: boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { command, args, ...ids } = account.wrap(binaries.initdb, [
    `--pgdata=${data}`,
    `--username=${superuser}`,
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-instructions",
    ...(durable ? [] : ["--no-sync"]),
  ]);
  const output: string[] = [];
  const code = await new Promise<number | string>((resolve) => {
    const child = spawn(command, args, {
      ...ids,
      cwd: "/",
      env: programEnvironment(),
      stdio: ["ignore", "ignore", "pipe"],
      ...(signal === undefined ? undefined : { signal }),
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => output.push(text));
    child.once("error", (error) => {
      // An aborted one is waited for: what it has begun to write is cleared away after it.
      if (child.pid === undefined) resolve(error.message);
    });
    child.once("close", (exit, killed) => resolve(exit ?? killed ?? "?"));
  });
  if (code !== 0) throw explainFailure(`initdb failed (${code})`, output.join(""));
}

/** What the server's programs get of our environment: no secrets, no locale surprises. */
export function programEnvironment(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
