import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import { cutPower } from "./faults/cut-power.ts";
import type { DrawnFault } from "./faults/fault.ts";

/** What became of a fault of the plan. */
export interface Struck {
  readonly fault: string;
  readonly target: string;
  /** When it was to hit and when it was over, milliseconds from the start of the load. */
  readonly at: number;
  readonly overAt: number;
  readonly did: string;
  /** Why it did not take place. */
  readonly missed?: string;
}

/** Lets each fault of the plan hit at its time; resolves when all are over. `signal`: mend everything at once and end. */
export async function strikeAll(
  plan: readonly DrawnFault[],
  cluster: Cluster,
  log: (line: string) => void,
  signal: AbortSignal,
): Promise<Struck[]> {
  const began = performance.now();
  const now = (): number => Math.round(performance.now() - began);
  const strikes = plan.map(async (drawn): Promise<Struck | undefined> => {
    await sleep(drawn.at, undefined, { signal }).catch(() => undefined);
    // A platform that is killed before it was ever ready ends the launcher, as it should: what comes during a start waits for it.
    if (drawn.fault !== cutPower) await cluster.powered();
    if (signal.aborted) return undefined;
    const { fault, target, at } = drawn;
    const name = `${fault.name} ${target}`;
    log(`${clockTime(now())}  ${name}${fault.lasts === undefined ? "" : " …"}`);
    try {
      const did = await fault.strike(drawn, cluster, signal);
      log(`${clockTime(now())}  ${name}: ${did}`);
      return { fault: fault.name, target, at, overAt: now(), did };
    } catch (error) {
      const missed = error instanceof Error ? error.message : String(error);
      log(`${clockTime(now())}  ${name} missed: ${missed}`);
      return { fault: fault.name, target, at, overAt: now(), did: "", missed };
    }
  });
  return (await Promise.all(strikes)).filter((each) => each !== undefined);
}

/** Milliseconds as `m:ss.s`. */
export function clockTime(ms: number): string {
  const seconds = ms / 1_000;
  return `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
}
