import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** A running process as the kernel describes it (Linux). */
export interface Running {
  readonly pid: number;
  readonly command: string;
}

/** Every process that works in a folder, or whose program or command line lies in it. */
export function processesOf(folder: string): Running[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const command = commandOf(name);
      const places = [linkOf(`/proc/${name}/exe`), linkOf(`/proc/${name}/cwd`), command ?? ""];
      if (command === undefined || !places.some((place) => place.includes(folder))) return [];
      return [{ pid: Number(name), command }];
    });
}

/** Waits until no process belongs to a folder; answers those that are left after the bound in milliseconds. */
export async function gone(folder: string, within: number): Promise<Running[]> {
  const deadline = Date.now() + within;
  let left = processesOf(folder);
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(50);
    left = processesOf(folder);
  }
  return left;
}

/** The command line; undefined for a process that has just ended or is a zombie. */
function commandOf(pid: string): string | undefined {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return command === "" ? undefined : command;
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
