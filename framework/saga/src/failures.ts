import { DeclaredError, KerfError, type Random } from "@kerf/kernel";
import type { SagaFailure } from "./saga.ts";

/** First and longest pause before a step is tried again, milliseconds. */
const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** How often a step is tried that fails in a way that waiting may not mend, before an operator is asked. */
export const attempts = 10;

/** Thrown by `s.fail()`. */
export class FailedBySaga extends Error {
  readonly data: unknown;

  constructor(message: string, data: unknown) {
    super(message);
    this.data = data;
  }
}

/** Its end was asked for, by an operator or by a command of its service. */
export class Cancelled extends Error {}

/** A bug, or an answer that no retry mends: an operator has to look. */
export class NeedsOperator extends Error {}

/** What is kept of why it failed. */
export function failureOf(thrown: unknown): SagaFailure {
  if (thrown instanceof FailedBySaga)
    return { code: "failed", message: thrown.message, data: thrown.data };
  if (thrown instanceof Cancelled) return { code: "cancelled", message: thrown.message };
  if (thrown instanceof KerfError)
    return { code: thrown.code, message: thrown.message, data: thrown.data };
  return { code: "internal", message: thrown instanceof Error ? thrown.message : String(thrown) };
}

/** Whether it is a failure of the business, which undoing answers; everything else asks for an operator. */
export function isBusiness(thrown: unknown): boolean {
  return (
    thrown instanceof FailedBySaga || thrown instanceof DeclaredError || thrown instanceof Cancelled
  );
}

/** Waiting mends what is down; what a callee calls a failure of its own is tried some times, in case it is mended meanwhile. */
export function mayMend(error: unknown, attempt: number): boolean {
  if (!(error instanceof KerfError))
    return error instanceof Error && "code" in error && attempt < attempts;
  return error.retry !== "never" || (error.code === "internal" && attempt < attempts);
}

/** Whether another instance has taken over. */
export function isStale(error: unknown): boolean {
  return error instanceof KerfError && error.code === "stale_lease";
}

/** What failed, in which step. */
export function describe(step: string, error: unknown): string {
  return `${step}: ${error instanceof Error ? error.message : String(error)}`;
}

/** The pause after an attempt, milliseconds: exponential, with a little chance. */
export function pauseMs(attempt: number, random: Random): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(attempt - 1, 10));
  return most * (0.5 + random.next() / 2);
}
