import { Session } from "node:inspector";
import type { Clock } from "@kerf/kernel";

/** First pause after the start, milliseconds; each further one is twice as long. */
const firstPauseMs = 2_000;
const longestPauseMs = 600_000;
/** A program that uses less of a core than this has nothing to do: 80 calls a second use more than 2 %. */
const idleShare = 0.01;

/** What is asked and done; this process unless a test says otherwise. */
export interface ReturnMemoryOptions {
  readonly clock: Clock;
  /** Processor time that the process has used, milliseconds. */
  readonly cpuMs?: () => number;
  readonly collect?: () => void;
}

/**
 * Gives back to the system, once, what only the start needed: modules' sources, what they allocated, and a young generation that grew with it; a sixth
 * of what a unit holds (105 to 87 MB). It takes some 50 ms of a core, in which no call is answered, so it waits until there are hardly any.
 */
export function returnMemoryWhenIdle({
  clock,
  cpuMs = usedCpuMs,
  collect = collectAll,
}: ReturnMemoryOptions): void {
  const look = (pauseMs: number): void => {
    const since = clock.now();
    const used = cpuMs();
    clock.after(pauseMs, () => {
      if (cpuMs() - used < (clock.now() - since) * idleShare) collect();
      else look(Math.min(2 * pauseMs, longestPauseMs));
    });
  };
  look(firstPauseMs);
}

function usedCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/**
 * What V8 does when memory runs out: everything that can go goes, and the empty pages with it. Asked for over the inspector, which opens no port:
 * `--expose-gc`, set while the program runs, would make V8 refuse the compiled code that this program keeps for its next start.
 */
function collectAll(): void {
  const session = new Session();
  session.connect();
  // It is done later: a session that ends before takes it along, and one that ends within its own answer never returns.
  session.post("HeapProfiler.collectGarbage", () => setImmediate(() => session.disconnect()));
}
