import { setTimeout as sleep } from "node:timers/promises";

/** Sends a signal; answers whether the process was there. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** Stops processes for a while, and lets them go on whatever happens. Answers how many were there. */
export async function pause(
  pids: readonly number[],
  ms: number,
  signal: AbortSignal,
): Promise<number> {
  const stopped: number[] = [];
  try {
    for (const pid of pids) if (send(pid, "SIGSTOP")) stopped.push(pid);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  } finally {
    for (const pid of stopped) send(pid, "SIGCONT");
  }
  return stopped.length;
}

/** Lets processes run for moments only, so that whatever they do takes long and is met in the middle by others. */
export async function stutter(
  pids: readonly number[],
  ms: number,
  { runsMs, standsMs }: { readonly runsMs: number; readonly standsMs: number },
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + ms;
  while (performance.now() < end && !signal.aborted) {
    await pause(pids, standsMs, signal);
    await sleep(runsMs, undefined, { signal }).catch(() => undefined);
  }
}
