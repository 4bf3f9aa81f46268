import type { Criticality } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { AdaptiveLimit } from "./adaptive-limit.ts";
import type { PolicyDefaults } from "./defaults.ts";

/** The share of the limit up to which calls of each criticality are let in: what can be done without goes first. */
const shares: Readonly<Record<Criticality, number>> = { sheddable: 0.5, normal: 0.9, critical: 1 };

/** What a caller is told to wait before it asks again, milliseconds: a window of the limit, so that it finds another one. */
const retryAfterMs = 1_000;

/**
 * Refuses calls that come to an instance which has as much to do as it can: at once, before anything is done for them, so that the others
 * go on at their pace. How much that is, it measures.
 */
export class LoadShedding {
  readonly #limit: AdaptiveLimit;
  #inFlight = 0;

  constructor(policies: PolicyDefaults) {
    this.#limit = new AdaptiveLimit(policies);
  }

  /** Calls that were let in and are not over. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Calls at once, whatever their criticality. */
  get limit(): number {
    return this.#limit.limit;
  }

  /** Throws `overloaded` when there is no room for calls of this criticality; whoever was let in leaves once. */
  enter(operation: string, criticality: Criticality): void {
    const { limit } = this.#limit;
    if (this.#inFlight < Math.ceil(limit * shares[criticality])) {
      this.#inFlight++;
      return;
    }
    throw new KerfError("overloaded", {
      message: `${operation} was not executed: this instance serves ${this.#inFlight} calls, and its limit is ${limit}.`,
      why:
        criticality === "sheddable"
          ? "Calls take longer than they used to; what callers can do without is refused first."
          : "Calls take longer than they used to: more of them at once would only wait for each other.",
      fix: "Ask again later, or add instances of its unit.",
      retryAfterMs,
    });
  }

  /** A call that was let in is over; `now` is monotonic milliseconds. */
  leave(operation: string, tookMs: number, now: number): void {
    this.#limit.served(operation, tookMs, this.#inFlight, now);
    this.#inFlight--;
  }
}
