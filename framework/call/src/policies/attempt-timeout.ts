import { KerfError } from "@kerf/kernel";
import type { PolicyDefaults } from "./defaults.ts";
import type { LatencyQuantile } from "./latency-quantile.ts";

/**
 * How long one attempt may take, in milliseconds: a hung instance costs an attempt and not the call.
 * Until there is a measurement, half of what is left: a first call is slow for honest reasons.
 */
export function attemptTimeout(
  leftMs: number,
  latency: LatencyQuantile | undefined,
  now: number,
  policies: PolicyDefaults,
): number {
  const half = leftMs / 2;
  const measured = latency?.estimate(0.99, now);
  if (measured === undefined) return half;
  return Math.min(half, Math.max(policies.attemptFloorMs, policies.attemptFactor * measured));
}

/** The error of an attempt that was given up; nobody knows whether it was executed. */
export function attemptTimedOut(name: string, ms: number): KerfError {
  return new KerfError("unavailable", {
    message: `${name} did not answer within ${Math.round(ms)} ms.`,
    why: "An attempt gets less time than the call, so that another instance can still be asked.",
    fix: "Look at the trace for the slow part; if the operation is meant to be slow, raise attemptFloorMs.",
  });
}
