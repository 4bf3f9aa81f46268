import { type ErrorCode, errorCodes } from "@kerf/kernel";
import type { MetricPoint } from "../telemetry-store/metrics/metric-search.ts";

/** The calls of one step of a metric. */
export interface CallsAt {
  /** Where the step begins, milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly calls: number;
  /** Those that count against the objective. */
  readonly failed: number;
}

/** The calls of an operation of one step, with what each kind of objective counts. */
export interface CountedCalls {
  readonly at: number;
  readonly calls: number;
  /** Those that were not answered. */
  readonly failed: number;
  /** Those that were answered, and how many of them within each bound that was asked for. */
  readonly answered: number;
  readonly below: readonly number[];
}

/** A series of a duration by {@link callAttributes}. */
export interface CallSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly MetricPoint[];
}

/** The attributes by which durations are asked for, so that operations, and failures and answers, can be told apart. */
export const callAttributes = ["rpc.service", "rpc.method", "error.type", "kerf.declared"] as const;

/** Calls over time of each operation (`orders.get`), from the series of a duration. */
export function callsOverTime(
  series: readonly CallSeries[],
): Map<string, Map<number, CountedCalls>> {
  const operations = new Map<string, Map<number, CountedCalls>>();
  for (const { labels, points } of series) {
    const name = `${labels["rpc.service"] ?? ""}.${labels["rpc.method"] ?? ""}`;
    const steps = operations.get(name) ?? new Map<number, CountedCalls>();
    operations.set(name, steps);
    const failed = isFailure(labels);
    for (const { at, below = [], count = 0 } of points) {
      const known = steps.get(at) ?? { at, calls: 0, failed: 0, answered: 0, below: [] };
      steps.set(at, {
        at,
        calls: known.calls + count,
        failed: known.failed + (failed ? count : 0),
        answered: known.answered + (failed ? 0 : count),
        below: failed ? known.below : below.map((more, i) => more + (known.below[i] ?? 0)),
      });
    }
  }
  return operations;
}

/**
 * Whether a call counts against an objective. An error that the contract declares is an answer: what was asked for cannot be had. So is one that
 * says that the caller asked for what it may not have, or left: every code with a status below 500.
 */
export function isFailure(labels: Readonly<Record<string, string>>): boolean {
  const type = labels["error.type"] ?? "";
  const declared = labels["kerf.declared"] ?? "";
  if (type === "" || (declared !== "" && declared !== "0")) return false;
  return !Object.hasOwn(errorCodes, type) || errorCodes[type as ErrorCode].status >= 500;
}
