import { latencyBuckets, latencyEdge } from "@kerf/call/host";

/** What was counted over some time; of an instance, a release of a unit, or one of its operations. */
export interface LoadWindow {
  /** How long, in seconds. */
  readonly seconds: number;
  readonly calls: number;
  /** Calls that failed by the fault of who served them; never more than `calls`. */
  readonly failed: number;
  /** Measured calls by bucket of `LatencyHistogram`. */
  readonly latency: readonly number[];
}

/** Nothing, over no time. */
export const emptyWindow: LoadWindow = { seconds: 0, calls: 0, failed: 0, latency: [] };

/** Calls a second. */
export function rateOf({ calls, seconds }: LoadWindow): number {
  return seconds > 0 ? calls / seconds : 0;
}

/** The share of the calls that failed, 0 to 1; 0 when there were none. */
export function failureShare({ calls, failed }: LoadWindow): number {
  return calls > 0 ? failed / calls : 0;
}

/** How many calls were measured. */
export function measuredIn({ latency }: LoadWindow): number {
  return latency.reduce((sum, count) => sum + count, 0);
}

/** How long the share `p` of the measured calls took at most, in milliseconds, to within a bucket's 12 %; undefined when none was measured. */
export function quantile(window: LoadWindow, p: number): number | undefined {
  const measured = measuredIn(window);
  if (measured === 0) return undefined;
  const rank = Math.min(1, Math.max(0, p)) * measured;
  let below = 0;
  for (let bucket = 0; bucket < latencyBuckets; bucket++) {
    const count = window.latency[bucket] ?? 0;
    if (count > 0 && below + count >= rank) {
      const from = latencyEdge(bucket);
      return from + ((rank - below) / count) * (latencyEdge(bucket + 1) - from);
    }
    below += count;
  }
  return latencyEdge(latencyBuckets);
}

/** How many of the measured calls took longer than `ms`; those of the bucket in which it lies in proportion. */
export function slowerThan({ latency }: LoadWindow, ms: number): number {
  let slower = 0;
  for (let bucket = 0; bucket < latency.length; bucket++) {
    const count = latency[bucket] ?? 0;
    const from = latencyEdge(bucket);
    const to = latencyEdge(bucket + 1);
    if (from >= ms) slower += count;
    else if (to > ms) slower += (count * (to - ms)) / (to - from);
  }
  return slower;
}
