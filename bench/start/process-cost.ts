import { readFile } from "node:fs/promises";

/** What a process holds and has used. Linux only: read from /proc. */
export interface ProcessCost {
  /** Resident memory, megabytes (10^6 bytes). */
  rssMb: number;
  /** User and system time since it started, seconds. */
  cpuSeconds: number;
}

const pageBytes = 4_096;
/** Clock ticks a second in /proc/PID/stat: 100 on every Linux that Node runs on. */
const ticks = 100;

/** Reads the cost of a process. */
export async function processCost(pid: number): Promise<ProcessCost> {
  const [stat, statm] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/statm`, "utf8"),
  ]);
  // The name in brackets may hold spaces: the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    rssMb: (Number(statm.split(" ")[1]) * pageBytes) / 1e6,
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticks,
  };
}
