import type { CallContext } from "@kerf/kernel";

/**
 * When a call must be over (monotonic milliseconds): `ownMs` from now, and never later than the call that it is part of.
 * So deadlines only shrink as they travel.
 */
export function shrunkDeadline(context: CallContext, ownMs: number, now: number): number {
  const own = now + ownMs;
  return own < context.deadline ? own : context.deadline;
}
