import { readdir, readFile, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isAlive } from "./living-runs.ts";
import { isServerName, type ServerDirectory, serverDirectory } from "./server-directory.ts";

/** How long a server's files stay after its last use, milliseconds; making them anew takes two seconds. */
const keptMs = 2 * 24 * 3_600_000;

/** Removes what earlier boots and weeks, and installations that are gone, have left beside `own`. */
export async function removeOldServers(own: ServerDirectory): Promise<void> {
  const home = dirname(own.path);
  for (const name of await readdir(home)) {
    const other = serverDirectory(join(home, name));
    if (isServerName(name) && other.path !== own.path && (await isLeft(other)))
      await rm(other.path, { recursive: true, force: true });
  }
}

async function isLeft(directory: ServerDirectory): Promise<boolean> {
  // Start and stop of a server change the folder, since the file with its connection comes and goes.
  const info = await stat(directory.path).catch(() => undefined);
  if (info === undefined || Date.now() - info.mtimeMs < keptMs) return false;
  const postmaster = await readFile(join(directory.server, "data", "postmaster.pid"), "utf8").catch(
    () => undefined,
  );
  const pid = Number.parseInt(postmaster ?? "", 10);
  return !(pid > 1 && isAlive(pid));
}
