import { cpus } from "node:os";

/** How much of all processors of this machine nobody used since the last question, from 0 to 1; what other programs use counts. */
export function idleProcessors(read: typeof cpus = cpus): () => number {
  let last = timesOf(read());
  return () => {
    const now = timesOf(read());
    const [all, idle] = [now.all - last.all, now.idle - last.idle];
    last = now;
    // Where the system does not tell, nothing is idle.
    return all > 0 ? idle / all : 0;
  };
}

function timesOf(processors: ReturnType<typeof cpus>): { all: number; idle: number } {
  let [all, idle] = [0, 0];
  for (const { times } of processors) {
    for (const ms of Object.values(times)) all += ms;
    idle += times.idle;
  }
  return { all, idle };
}
