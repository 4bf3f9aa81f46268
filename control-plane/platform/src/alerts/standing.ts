import type { CallHistory, View } from "./call-history.ts";
import { views } from "./call-history.ts";
import { burnOf } from "./burn-rate.ts";
import { type Alert, judge, type Judging } from "./judge.ts";
import type { Objective } from "./objective.ts";

/** How an objective stands. */
export interface Standing {
  /** By the view from which it looks worst. */
  readonly missed: (Alert & { readonly view: View }) | undefined;
  /** Whether anybody called it within the shortest window. */
  readonly isCalled: boolean;
}

/** Judges an objective from everywhere that its calls are seen from. */
export function standingOf(
  objective: Objective,
  history: CallHistory,
  now: number,
  judging: Judging,
): Standing {
  const shortestMs = Math.min(...judging.windows.map(({ shortMs }) => shortMs));
  let missed: Standing["missed"];
  let isCalled = false;
  for (const view of Object.keys(views) as View[]) {
    const steps = history.steps(objective, view);
    isCalled ||= burnOf(objective, steps, { now, windowMs: shortestMs }).calls > 0;
    const alert = judge(objective, steps, now, judging);
    if (alert !== undefined && (missed === undefined || alert.short.rate > missed.short.rate))
      missed = { ...alert, view };
  }
  return { missed, isCalled };
}
