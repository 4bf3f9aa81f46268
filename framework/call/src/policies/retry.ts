import type { OperationKind } from "@kerf/contract";
import type { KerfError, Random } from "@kerf/kernel";
import type { PolicyDefaults } from "./defaults.ts";

/**
 * Whether the same call may be sent again. What was not executed may, whatever it is. What may have been executed may when
 * it only reads, or when the callee records what was done under the call's key (`recorded`).
 */
export function mayRepeat(kind: OperationKind, error: KerfError, recorded: boolean): boolean {
  if (error.retry === "never") return false;
  // An open breaker is there to fail fast, a passed deadline leaves no time, and a caller that left wants no answer.
  if (
    error.code === "circuit_open" ||
    error.code === "deadline_exceeded" ||
    error.code === "cancelled"
  )
    return false;
  return error.retry === "not-executed" || kind !== "command" || recorded;
}

/**
 * Milliseconds to wait before retry number `retry` (from 1): full jitter, never less than the callee asked for.
 * Undefined when it asked for longer than a call should wait.
 */
export function backoff(
  retry: number,
  error: KerfError,
  policies: PolicyDefaults,
  random: Random,
): number | undefined {
  const { backoffBaseMs, backoffCapMs, longestPushbackMs } = policies;
  const pushback = error.retryAfterMs ?? 0;
  if (pushback > longestPushbackMs) return undefined;
  const most = Math.min(backoffCapMs, backoffBaseMs * 2 ** (retry - 1));
  return pushback + random.next() * most;
}
