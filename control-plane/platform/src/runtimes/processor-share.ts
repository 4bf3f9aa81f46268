import { writeFileSync } from "node:fs";
import type { Clock } from "@kerf/kernel";

/** How much a copy that starts gives way, as of nice(1): it gets a tenth of what one that serves gets where both want all of a processor. */
const yielding = 10;
/** How often the system is asked once more, and the pause between, milliseconds: Linux lets everybody but root change this ten times a second, all processes together. */
const attempts = 50;
const pauseMs = 110;

/** How long it gives way at most, milliseconds: a start takes a fifth of a second of one processor, and where all are busy for longer than this it is not to be put off for ever. */
export const longestYieldMs = 1_000;

/**
 * Has a process give way to all others for as long as it starts. On Linux every session has a share of the processors of its own, which its owner may
 * lower and raise again, unlike a process's niceness (sched(7), "The autogroup feature"). Elsewhere, and where the system has that switched off,
 * nothing happens. Answers what ends it.
 */
export function giveWayWhileStarting(
  pid: number,
  exited: Promise<unknown>,
  clock: Clock,
): () => void {
  if (!set(pid, yielding)) return () => {};
  const timer = clock.after(longestYieldMs, () => giveWayNoMore(pid, clock));
  void exited.then(() => timer.cancel());
  return () => {
    timer.cancel();
    giveWayNoMore(pid, clock);
  };
}

/** What serves must not go on giving way: it is tried until the system takes it. */
export function giveWayNoMore(pid: number, clock: Clock, left = attempts): void {
  if (!set(pid, 0) && left > 0) clock.after(pauseMs, () => giveWayNoMore(pid, clock, left - 1));
}

/** Whether it was taken, or never will be. */
function set(pid: number, niceness: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness));
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EAGAIN";
  }
}
