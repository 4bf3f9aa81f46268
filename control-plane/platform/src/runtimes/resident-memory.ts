import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";

/** Size of a page in /proc, bytes. */
const pageBytes = 4_096;

/** Resident memory of processes of this machine in sum, bytes; those that have ended count nothing. */
export async function residentBytes(pids: readonly number[]): Promise<number> {
  const alive = pids.filter((pid) => pid > 0);
  const sizes = process.platform === "linux" ? alive.map(byProc) : [byPs(alive)];
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

async function byProc(pid: number): Promise<number> {
  try {
    const [, resident = "0"] = (await readFile(`/proc/${pid}/statm`, "utf8")).split(" ");
    return Number(resident) * pageBytes;
  } catch {
    return 0;
  }
}

function byPs(pids: readonly number[]): Promise<number> {
  return new Promise((resolve) => {
    execFile("ps", ["-o", "rss=", "-p", pids.join(",")], (_error, stdout) => {
      const kibibytes = stdout.split("\n").reduce((sum, line) => sum + Number(line), 0);
      resolve(kibibytes * 1_024);
    });
  });
}
