import { type PolicyDefaults, policyDefaults } from "@kerf/call";
import type { Scheduler } from "../scheduler.ts";

/** What one run has its call path set to: drawn, so that small budgets, short windows and narrow places are seen. */
export interface Settings {
  readonly policies: PolicyDefaults;
  /** Of the timer wheels, milliseconds. */
  readonly tickMs: number;
  /** Calls that a connection takes. */
  readonly maxCalls: number;
}

export function drawSettings(scheduler: Scheduler): Settings {
  const pick = scheduler.pick.bind(scheduler);
  return {
    policies: {
      ...policyDefaults,
      attempts: pick([2, 3, 3, 5]),
      retryShare: pick([0, 0.2, 0.2]),
      retriesPerSecond: pick([0.5, 2, 10]),
      retryWindowMs: pick([2_000, 10_000]),
      breakerCalls: pick([5, 20]),
      breakerWindowMs: pick([2_000, 10_000]),
      breakerOpenMs: pick([500, 5_000]),
      bulkhead: pick([4, 1_024]),
      throttleCalls: pick([5, 20]),
      throttleWindowMs: pick([2_000, 10_000]),
      ejectMs: pick([1_000, 3_000]),
      longestEjectMs: 6_000,
      // So that an instance that was slow is asked again within the run.
      loadDecayMs: 2_000,
      slowStartMs: pick([500, 10_000]),
    },
    tickMs: pick([10, 50]),
    maxCalls: pick([3, 1_024]),
  };
}
