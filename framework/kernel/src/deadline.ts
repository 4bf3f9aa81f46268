import type { Clock } from "./clock.ts";
import { KerfError } from "./errors.ts";

/** A deadline of a call that sets none, in milliseconds (Envoy's route timeout). */
export const defaultDeadlineMs = 15_000;

/** Milliseconds left until `deadline` (monotonic); never negative. */
export function remaining(clock: Clock, deadline: number): number {
  return Math.max(0, deadline - clock.now());
}

/** The error of a call whose time ran out at `where`. */
export function deadlineExceeded(where: string): KerfError {
  return new KerfError("deadline_exceeded", {
    message: `The deadline passed while ${where}.`,
    fix: "Look at the trace for the slow part, or give the call a longer deadline.",
  });
}
