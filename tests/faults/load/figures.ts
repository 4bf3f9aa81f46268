import type { Sample } from "./open-loop.ts";

/** The smallest of `values` that at least the share `quantile` of them does not exceed; undefined for none. */
export function quantileOf(values: readonly number[], quantile: number): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * quantile) - 1)];
}

/** The 99th percentile of how long the samples took that were due in [fromMs, toMs), milliseconds. A failure counts as what its client waited for it. */
export function p99Between(
  samples: readonly Sample[],
  fromMs: number,
  toMs: number,
): number | undefined {
  const within = samples.filter(({ at }) => at >= fromMs && at < toMs);
  return quantileOf(
    within.map(({ ms }) => ms),
    0.99,
  );
}

/** Share of the samples that were answered with 200; 1 for none. */
export function successOf(samples: readonly Sample[]): number {
  if (samples.length === 0) return 1;
  return samples.filter(({ status }) => status === 200).length / samples.length;
}
