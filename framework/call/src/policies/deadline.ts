import type { CallContext, Clock, TimerWheel } from "@kerf/kernel";

/** From here on a tick of the wheel makes no difference to a deadline, milliseconds. */
const coarseFromMs = 1_000;

/** The time that a deadline of `ms` is counted from: the wheel's for long ones, which costs nothing; exact for short ones. */
export function timeFor(ms: number, wheel: TimerWheel, clock: Clock): number {
  return ms >= coarseFromMs ? wheel.now : clock.now();
}

/**
 * When a call must be over (monotonic milliseconds): `ownMs` from now, and never later than the call that it is part of.
 * So deadlines only shrink as they travel.
 */
export function shrunkDeadline(context: CallContext, ownMs: number, now: number): number {
  const own = now + ownMs;
  return own < context.deadline ? own : context.deadline;
}
