import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { alive } from "./processes.mjs";

/** How often a waiting invocation looks again, in milliseconds. */
const lookAgain = 300;

/**
 * Runs `work` while no other invocation in this checkout does. The lock file names the processes that hold it, so that
 * a lock whose holders were killed is taken over; `work` gets a function that adds one more holder (npm) or takes it away.
 *
 * @template T
 * @param {string} root
 * @param {(hold: (pid?: number) => void) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withInstallLock(root, work) {
  const path = join(root, ".kerf-install.lock");
  let told = false;
  while (!take(path)) {
    if (!told) {
      const holders = holdersOf(path).join(", ");
      process.stderr.write(
        `Another command sets this checkout up; waiting for it (process ${holders}, ${path}).\n`,
      );
    }
    told = true;
    await sleep(lookAgain);
  }
  try {
    return await work((pid) => {
      write(`${path}.${process.pid}`, pid === undefined ? [process.pid] : [process.pid, pid]);
      renameSync(`${path}.${process.pid}`, path);
    });
  } finally {
    rmSync(path, { force: true });
  }
}

/** Takes the lock if nobody holds it. A lock file appears whole (linked, renamed), so it is never read half written. */
function take(path) {
  const mine = `${path}.${process.pid}`;
  write(mine, [process.pid]);
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    if (holdersOf(path).some(alive)) return false;
    removeStale(path, mine);
  } finally {
    rmSync(mine, { force: true });
  }
  return take(path);
}

/** Moves the lock aside before it goes: of two that find it stale, one gets it, and a fresh one moved by mistake goes back. */
function removeStale(path, aside) {
  try {
    renameSync(path, aside);
    if (holdersOf(aside).some(alive)) linkSync(aside, path);
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EEXIST") throw error;
  }
}

function write(path, pids) {
  writeFileSync(path, pids.join(" "));
}

function holdersOf(path) {
  try {
    return readFileSync(path, "utf8")
      .split(" ")
      .map(Number)
      .filter((pid) => pid > 0);
  } catch (error) {
    if (error.code === "ENOENT") return [];
    throw error;
  }
}
