import type { CallsAt } from "./calls-over-time.ts";
import { budgetOf, type Objective } from "./objective.ts";

/** How a budget is spent over a window that ends now. */
export interface Burn {
  readonly calls: number;
  readonly failed: number;
  /** How often the budget of this time was spent: 1 uses up exactly what the objective allows. 0 where nobody called. */
  readonly rate: number;
}

/** How fast the budget of an objective was spent in the `windowMs` before `now`, both in milliseconds. */
export function burnOf(
  objective: Pick<Objective, "target">,
  steps: readonly CallsAt[],
  { now, windowMs }: { readonly now: number; readonly windowMs: number },
): Burn {
  let calls = 0;
  let failed = 0;
  for (const step of steps) {
    if (step.at < now - windowMs || step.at >= now) continue;
    calls += step.calls;
    failed += step.failed;
  }
  return { calls, failed, rate: calls === 0 ? 0 : failed / calls / budgetOf(objective) };
}
