import { alertWindows, type AlertWindows } from "./alert-windows.ts";
import { type Burn, burnOf } from "./burn-rate.ts";
import type { CallsAt } from "./calls-over-time.ts";
import type { Objective } from "./objective.ts";

/**
 * Failures in the long window below which nobody is woken. Where few calls come a single failure spends a budget many times over (the same
 * chapter, "Low-Traffic Services and Error Budget Alerting"); three are no accident any more.
 */
export const leastFailures = 3;

/** An objective that is being missed, by the pair of windows that says so first. */
export interface Alert {
  readonly objective: Objective;
  readonly windows: AlertWindows;
  readonly long: Burn;
  readonly short: Burn;
}

/** By what objectives are judged. */
export interface Judging {
  readonly windows: readonly AlertWindows[];
  readonly leastFailures: number;
}

/** Whether an objective is missed now; undefined when it is met, and again once the short window is calm. `now` in milliseconds since 1970-01-01 UTC. */
export function judge(
  objective: Objective,
  steps: readonly CallsAt[],
  now: number,
  judging: Judging = { windows: alertWindows, leastFailures },
): Alert | undefined {
  for (const windows of judging.windows) {
    const long = burnOf(objective, steps, { now, windowMs: windows.longMs });
    const short = burnOf(objective, steps, { now, windowMs: windows.shortMs });
    const isFast = long.rate >= windows.rate && short.rate >= windows.rate;
    if (isFast && long.failed >= judging.leastFailures) return { objective, windows, long, short };
  }
  return undefined;
}
