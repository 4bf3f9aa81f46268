import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { KerfError } from "@kerf/kernel";
import { identify, lives, type ProcessIdentity } from "../runtimes/process-identity.ts";

/**
 * Takes the home for this process; a second platform on it is refused. The lock of a process that died does not count.
 * Returns what gives it back.
 */
export function lockHome(file: string, root: string): () => void {
  const own = identify(process.pid) as ProcessIdentity;
  const mine = `${file}.${process.pid}`;
  writeFileSync(mine, JSON.stringify(own), { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < 3; attempt++) {
      if (tryLink(mine, file)) return () => release(file, own);
      const holder = read(file);
      if (holder !== undefined && lives(holder)) throw taken(root, holder.pid);
      setAside(file, holder, root);
    }
    throw taken(root, undefined);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A link appears with its content or not at all, and fails when the name is taken. */
function tryLink(mine: string, file: string): boolean {
  try {
    linkSync(mine, file);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw cause;
  }
}

/** Two platforms may find the same dead lock: whoever moved a living one away by that puts it back. */
function setAside(file: string, stale: ProcessIdentity | undefined, root: string): void {
  const aside = `${file}.stale.${process.pid}`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  const moved = read(aside);
  if (moved !== undefined && moved.started !== stale?.started && lives(moved)) {
    tryLink(aside, file);
    rmSync(aside, { force: true });
    throw taken(root, moved.pid);
  }
  rmSync(aside, { force: true });
}

function read(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

function release(file: string, own: ProcessIdentity): void {
  const holder = read(file);
  if (holder?.pid === own.pid && holder.started === own.started) rmSync(file, { force: true });
}

function taken(root: string, pid: number | undefined): KerfError {
  return new KerfError("start_failed", {
    message: `Another platform runs on ${root}${pid === undefined ? "" : ` (process ${pid})`}.`,
    why: "Two of them would start everything twice on the same databases.",
    fix: `Use the one that runs (kerf status), stop it first${pid === undefined ? "" : ` (kill ${pid})`}, or give this one a directory of its own by KERF_HOME.`,
    data: { home: root, ...(pid === undefined ? undefined : { pid }) },
  });
}
