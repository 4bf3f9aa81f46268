import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { DownOptions } from "../commands/down.ts";
import { findHome } from "../connection/home.ts";
import { Guardian } from "../launcher/guardian.ts";
import { commandOf } from "../launcher/process-table.ts";
import { printJson } from "../output/json.ts";
import { progressView } from "../output/progress-view.ts";
import { removeContainers } from "./remove-containers.ts";
import { volumesOf } from "./volumes.ts";
import { LeftRunning } from "./left-running.ts";
import { pidIn, runningPlatform } from "./running-platform.ts";

/** A platform stops within 7 s, a launcher within 10 s; a little more for a busy machine, in milliseconds. */
const orderlyMs = 15_000;
const pollMs = 50;

/** Stops whatever works with a folder of state, and waits until it has ended. */
export async function down(options: DownOptions): Promise<void> {
  const home = findHome(options.home, process.env, process.cwd());
  const view = progressView(process.cwd());
  let stopped = false;
  const stop = async (pid: number, what: string): Promise<void> => {
    stopped = true;
    view.note(`stopping ${what}…`);
    if (await ends(pid)) return;
    view.note(`! it did not end within ${orderlyMs / 1_000} s; what is left is ended by force`);
  };
  try {
    // It would start the platform again.
    const launcher = await runningLauncher(home);
    if (launcher !== undefined) await stop(launcher, "what kerf dev runs");
    const platform = await runningPlatform(home);
    if (platform !== undefined) await stop(platform, "everything");
    const left = new LeftRunning(home);
    const programs = await left.end();
    stopped ||= (await removeContainers(home, (text) => view.note(text))) > 0;
    if (programs > 0) view.note(`stopped ${programs} programs that had no platform any more`);
    // Databases that nobody looks after any more, and what did not end by itself.
    await new Guardian(home).clearUpNow();
    await left.clear(home);
    stopped ||= programs > 0;
    const volumes = await volumesOf(home);
    if (options.json === true) printJson({ home, stopped, volumes });
    else
      view.result(
        stopped
          ? `Everything has stopped; the data stays in ${home}${inVolumes(volumes)}`
          : `Nothing runs in ${home}`,
      );
  } finally {
    view.close();
  }
}

function inVolumes(volumes: readonly string[]): string {
  if (volumes.length === 0) return "";
  const names = volumes.join(" ");
  return `\n  and in Docker's volumes ${names}\n  kerf up goes on with all of it. To lose what is in the volumes for ever: docker volume rm ${names}`;
}

/** The process of a `kerf dev`, or of a `kerf up` that waits. */
async function runningLauncher(home: string): Promise<number | undefined> {
  const pid = await pidIn(join(home, "launcher.json"));
  if (pid === undefined || pid === process.pid) return undefined;
  return /node|kerf/.test(await commandOf(pid)) ? pid : undefined;
}

/** Asks a process to end; answers whether it did in time. */
async function ends(pid: number): Promise<boolean> {
  try {
    process.kill(pid, "SIGTERM");
  } catch {
    return true;
  }
  for (let waited = 0; waited < orderlyMs; waited += pollMs) {
    // A process that nobody has waited for yet has no command line any more.
    if ((await commandOf(pid)) === "") return true;
    await wait(pollMs);
  }
  return false;
}
