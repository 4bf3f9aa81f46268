import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { chmod, lstat, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { quickestDirectory } from "@kerf/data/embedded";
import { KerfError } from "@kerf/kernel";

const run = promisify(execFile);
const weekMs = 7 * 24 * 3_600_000;

/** Where the parts of the server that all tests of one checkout share lie. */
export interface ServerDirectory {
  readonly path: string;
  /** What EmbeddedServer keeps. */
  readonly server: string;
  readonly socket: string;
  /** How the superuser connects, once the server answers; owner only. */
  readonly connection: string;
  /** One empty file for each running test command, named after its pid. */
  readonly runs: string;
  /** What the keeper says. */
  readonly log: string;
}

/** The layout of the folder of one shared server. */
export function serverDirectory(path: string): ServerDirectory {
  return {
    path,
    server: join(path, "server"),
    socket: join(path, "s"),
    connection: join(path, "connection.json"),
    runs: join(path, "runs"),
    log: join(path, "keeper.log"),
  };
}

/** The folder of this user's test servers, which hold nothing worth keeping. KERF_TEST_DIR names another place for it. */
async function serversHome(): Promise<string> {
  const place = process.env["KERF_TEST_DIR"] ?? (await quickestDirectory());
  return join(place, `kerf-test-${process.getuid?.() ?? 0}`);
}

/** Whether a name in the folder of test servers is that of one. */
export function isServerName(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name);
}

/**
 * The folder of the server for the installation that this code belongs to; made when absent. Its name changes with every boot, because
 * a server without durability does not survive the end of its system, and with every week, because systems tidy their
 * temporary directories.
 */
export async function sharedServerDirectory(): Promise<ServerDirectory> {
  const home = await serversHome();
  await makePrivate(home);
  const week = Math.floor(Date.now() / weekMs);
  const name = createHash("sha256")
    .update(`${import.meta.url}\n${await bootId()}\n${week}`)
    .digest("hex")
    .slice(0, 16);
  const directory = serverDirectory(join(home, name));
  await mkdir(directory.runs, { recursive: true, mode: 0o700 });
  return directory;
}

/** Others can write to the temporary directory: whoever made our folder before us must be us. */
async function makePrivate(path: string): Promise<void> {
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const info = await lstat(path);
  const uid = process.getuid?.() ?? 0;
  if (!info.isDirectory() || info.uid !== uid) {
    throw new KerfError("start_failed", {
      message: `${path} is not ours, and tests cannot keep their database there.`,
      why: "Somebody else made it first in a directory that all users share.",
      fix: "Remove it, or set KERF_TEST_DIR to a directory of your own.",
    });
  }
  // PostgreSQL refuses root and then runs as a user of its own, who must be able to walk through.
  await chmod(path, uid === 0 ? 0o711 : 0o700);
}

/** Differs after every start of the system. */
async function bootId(): Promise<string> {
  if (process.platform === "linux")
    return readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const asked = await run("sysctl", ["-n", "kern.bootsessionuuid"]).catch(() => undefined);
  return asked?.stdout.trim() ?? "";
}
