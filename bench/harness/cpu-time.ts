import { readdirSync, readFileSync } from "node:fs";

/** Microseconds of CPU that all threads of a process have used, user and system; from Linux, which counts them in nanoseconds. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [running] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ");
    nanos += Number(running);
  }
  return nanos / 1_000;
}
