import type { MetricSeries } from "@kerf/control-api";

/** The calls of one step of a metric. */
export interface CallsAt {
  /** Where the step begins, milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly calls: number;
  /** Those that count against the objective. */
  readonly failed: number;
}

/** The attributes by which `kerf.server.duration` is asked for, so that failures can be told from answers. */
export const failureAttributes = ["error.type", "kerf.declared"] as const;

/**
 * Calls over time, from the series of a duration by its `failureAttributes`. An error that the contract declares is an answer: it
 * says what the caller asked for cannot be had, not that the service failed.
 */
export function callsOverTime(series: readonly MetricSeries[]): CallsAt[] {
  const steps = new Map<number, { calls: number; failed: number }>();
  for (const { labels, points } of series) {
    const isFailure = isFailed(labels);
    for (const { at, count = 0 } of points) {
      const step = steps.get(at) ?? { calls: 0, failed: 0 };
      step.calls += count;
      if (isFailure) step.failed += count;
      steps.set(at, step);
    }
  }
  return [...steps].map(([at, step]) => ({ at, ...step })).toSorted((a, b) => a.at - b.at);
}

function isFailed(labels: MetricSeries["labels"]): boolean {
  const type = labels["error.type"] ?? "";
  const declared = labels["kerf.declared"] ?? "";
  return type !== "" && (declared === "" || declared === "0");
}
