import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { KerfError } from "@kerf/kernel";
import { commandOf } from "../launcher/process-table.ts";

/** The pid of the platform that works with this folder of state; undefined when none lives. */
export async function runningPlatform(home: string): Promise<number | undefined> {
  const pid = await pidIn(join(home, "platform.lock"));
  return pid !== undefined && isPlatform(await commandOf(pid)) ? pid : undefined;
}

/** Throws `invalid_configuration` when a platform runs in the background: a second one would not get its folder. */
export async function assertNoPlatform(home: string): Promise<void> {
  const pid = await runningPlatform(home);
  if (pid === undefined) return;
  throw new KerfError("invalid_configuration", {
    message: "An app is running in the background with this folder of state.",
    why: `Its platform is process ${pid} and works with ${home}.`,
    fix: "Stop it with kerf down, or give this one a folder of its own with --home DIR.",
    data: { pid, home },
  });
}

/** The pid in a file of JSON; undefined when there is none. */
export async function pidIn(file: string): Promise<number | undefined> {
  try {
    const { pid } = JSON.parse(await readFile(file, "utf8")) as { pid?: unknown };
    return Number.isSafeInteger(pid) && (pid as number) > 1 ? (pid as number) : undefined;
  } catch {
    // Not there, or written halfway by one that died.
    return undefined;
  }
}

/** The pid may be another program's by now. */
function isPlatform(command: string): boolean {
  return /platform.*main/.test(command);
}
