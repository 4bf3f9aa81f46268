import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Whether the process runs: neither gone nor a zombie that nobody has reaped yet. */
export function alive(pid) {
  if (process.platform === "linux") {
    const state = stat(pid)?.state;
    return state !== undefined && state !== "Z" && state !== "X";
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Parent and command line of a process; undefined when it is gone or nobody may ask. */
export function describe(pid) {
  if (process.platform === "linux") {
    const parent = stat(pid)?.parent;
    if (parent === undefined) return undefined;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return { parent, command };
    } catch {
      return undefined;
    }
  }
  try {
    const line = execFileSync("ps", ["-o", "ppid=,command=", "-p", String(pid)], {
      encoding: "utf8",
    }).trim();
    const [, parent, command] = /^(\d+)\s+(.*)$/s.exec(line) ?? [];
    return parent === undefined ? undefined : { parent: Number(parent), command };
  } catch {
    return undefined;
  }
}

function stat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name stands in brackets and may hold anything, brackets too.
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
