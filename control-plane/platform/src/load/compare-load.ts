import { failureShare, type LoadWindow, measuredIn, quantile, slowerThan } from "./load-window.ts";

/** How a new release does beside the old one. */
export interface LoadComparison {
  readonly verdict: "better-or-same" | "worse" | "too-little-to-tell";
  /** In words, with the figures that decided. */
  readonly why: string;
}

/**
 * What a release is judged by. Chance may call a good release worse in one of a thousand comparisons: a rollout compares a dozen times, and
 * goes back for nothing in about one of a hundred.
 */
export const comparison = {
  /** Calls of the new release before it can be called as good; a worse one may show sooner. */
  leastCalls: 100,
  /** How likely a difference like this is to be chance, at most. */
  chance: 0.001,
  /** The same as a distance, in standard deviations of one side of a normal distribution. */
  deviations: 3.09,
  /** Failures of the new release that say anything at all. */
  leastFailures: 3,
  /** A share of failures counts as higher from half a percentage point more. */
  leastDifference: 0.005,
  /** What an old release that has not been called is taken to fail: 1 of 100. */
  assumed: { calls: 100, failed: 1 },
  /** Measured calls on both sides before latencies are compared: below, a 95th percentile is two or three calls. */
  leastMeasured: 200,
  /** Slower counts from half as long again, and from 5 ms. */
  slowerRatio: 1.5,
  slowerMs: 5,
} as const;

/**
 * Compares what a new release did with what the old one did over the same time.
 *
 * - Failures: worse when the new one failed at least 3 times, its share is half a percentage point higher, and Fisher's exact test gives
 *   chance less than one in a thousand; it holds for few calls as for many. An old one with fewer than 100 calls counts as if calls up to
 *   100 had been made and one had failed.
 * - Latency, with 200 measured calls on both sides: worse when more than 5 % of the new one's calls took longer than 1.5 × the old one's 95th
 *   percentile and 5 ms more, by the lower end of Wilson's interval; the upper end of the old percentile is taken.
 */
export function compareLoad(old: LoadWindow, now: LoadWindow): LoadComparison {
  const failing = compareFailures(old, now);
  if (failing !== undefined) return { verdict: "worse", why: failing };
  const slower = compareLatency(old, now);
  if (slower.worse) return { verdict: "worse", why: slower.why };
  if (now.calls < comparison.leastCalls) {
    return {
      verdict: "too-little-to-tell",
      why: `${now.calls} calls so far, ${now.failed} of them failed; it takes ${comparison.leastCalls} to tell`,
    };
  }
  return {
    verdict: "better-or-same",
    why: `${failed(now)}, before ${failed(old)}; ${slower.why}`,
  };
}

function compareFailures(old: LoadWindow, now: LoadWindow): string | undefined {
  const { assumed, chance, leastDifference, leastFailures } = comparison;
  const missing = Math.max(0, assumed.calls - old.calls);
  const before = {
    calls: old.calls + missing,
    failed: old.failed + (missing * assumed.failed) / assumed.calls,
  };
  const more = failureShare(now) - before.failed / before.calls;
  if (now.failed < leastFailures || more < leastDifference) return undefined;
  if (fisher(now.failed, now.calls, Math.ceil(before.failed), Math.round(before.calls)) >= chance)
    return undefined;
  const assuming = missing > 0 ? " (a release without calls is taken to fail 1 of 100)" : "";
  return `${failed(now)}, before ${failed(old)}${assuming}`;
}

function compareLatency(old: LoadWindow, now: LoadWindow): { worse: boolean; why: string } {
  const { deviations, leastMeasured, slowerMs, slowerRatio } = comparison;
  const [before, measured] = [measuredIn(old), measuredIn(now)];
  if (before < leastMeasured || measured < leastMeasured)
    return { worse: false, why: "too few calls to compare latencies" };
  // The 95th percentile of a sample lies that far from the true one, in 19 of 20 cases.
  const rank = Math.min(0.999, 0.95 + 1.64 * Math.sqrt((0.95 * 0.05) / before));
  const p95 = quantile(old, rank) as number;
  const bound = Math.max(p95 * slowerRatio, p95 + slowerMs);
  const share = lowerBound(slowerThan(now, bound) / measured, measured, deviations);
  const why = `p95 ${shown(quantile(now, 0.95))}, before ${shown(quantile(old, 0.95))}`;
  return { worse: share > 0.05, why };
}

/** The lower end of Wilson's score interval for a share (E. B. Wilson 1927). */
function lowerBound(share: number, of: number, z: number): number {
  const square = (z * z) / of;
  const spread = z * Math.sqrt((share * (1 - share)) / of + square / (4 * of));
  return (share + square / 2 - spread) / (1 + square);
}

/**
 * How likely it is that as many or more of the failures of both fall on the first, if both fail alike: the one-sided test of R. A. Fisher, from
 * the hypergeometric distribution.
 */
function fisher(failed1: number, calls1: number, failed2: number, calls2: number): number {
  const failures = failed1 + failed2;
  const all = calls1 + calls2;
  const most = Math.min(failures, calls1);
  const total = logChoose(all, failures);
  let chance = 0;
  for (let k = failed1; k <= most; k++) {
    const term = Math.exp(logChoose(calls1, k) + logChoose(calls2, failures - k) - total);
    chance += term;
    // Beyond the peak the terms fall faster and faster.
    if (term < chance * 1e-12) break;
  }
  return Math.min(1, chance);
}

function logChoose(n: number, k: number): number {
  if (k < 0 || k > n) return Number.NEGATIVE_INFINITY;
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/** Stirling's series; up to 1e-9 from 10 on, and added up below. */
function logFactorial(n: number): number {
  if (n < 10) {
    let sum = 0;
    for (let i = 2; i <= n; i++) sum += Math.log(i);
    return sum;
  }
  return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + 1 / (12 * n) - 1 / (360 * n ** 3);
}

function failed(window: LoadWindow): string {
  const percent = (failureShare(window) * 100).toFixed(1);
  return `${window.failed} of ${window.calls} calls failed (${percent} %)`;
}

function shown(ms: number | undefined): string {
  return ms === undefined ? "unknown" : `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
