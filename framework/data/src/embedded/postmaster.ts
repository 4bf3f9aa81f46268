import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isAlive } from "../process-alive.ts";
import { commandOf } from "../process-command.ts";

/** What PostgreSQL says about itself in postmaster.pid. */
export interface Postmaster {
  readonly pid: number;
  /** `starting`, `ready`, `standby`, `stopping`; undefined while the file is being written. */
  readonly status: string | undefined;
}

/** Reads postmaster.pid of a data directory; undefined when there is none. */
export async function readPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const text = await readFile(join(dataDirectory, "postmaster.pid"), "utf8").catch(() => undefined);
  const lines = text?.split("\n");
  const pid = Number.parseInt(lines?.[0] ?? "", 10);
  if (!Number.isSafeInteger(pid) || pid <= 1) return undefined;
  return { pid, status: lines?.[7]?.trim() };
}

/** Whether the process lives and is a PostgreSQL on this data directory, and not another program that got its pid. */
export async function isPostmasterOf(pid: number, dataDirectory: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const args = await commandOf(pid);
  // Where the system shows no command lines, the living pid must do.
  return args === undefined || (args.includes("postgres") && args.includes(dataDirectory));
}
