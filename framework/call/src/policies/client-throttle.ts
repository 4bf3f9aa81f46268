import { KerfError, type Random } from "@kerf/kernel";
import type { PolicyDefaults } from "./defaults.ts";
import { RollingWindow } from "./rolling-window.ts";

/**
 * Refuses calls at the caller while their callee refuses most of them, so that refusing does not cost the callee what serving would. The more it
 * refuses, the more likely; some always go through, which is how it is noticed that it serves again.
 */
export class ClientThrottle {
  readonly #service: string;
  readonly #factor: number;
  readonly #least: number;
  readonly #random: Random;
  // First: calls that have ended, refused here or there or not. Second: those that the callee did not refuse for want of room.
  readonly #window: RollingWindow;

  constructor(service: string, policies: PolicyDefaults, random: Random) {
    this.#service = service;
    this.#factor = policies.throttleFactor;
    this.#least = policies.throttleCalls;
    this.#random = random;
    this.#window = new RollingWindow(policies.throttleWindowMs);
  }

  /** Probability, from 0 up to 1, with which the next call is refused. */
  refusal(now: number): number {
    this.#window.turn(now);
    const { first: calls, second: accepted } = this.#window;
    if (calls < this.#least) return 0;
    return Math.max(0, (calls - this.#factor * accepted) / (calls + 1));
  }

  /** Throws `overloaded` when the call must not be sent. */
  admit(now: number): void {
    const refusal = this.refusal(now);
    if (refusal === 0 || this.#random.next() >= refusal) return;
    this.#window.addFirst(now);
    throw new KerfError("overloaded", {
      message: `${this.#service} is not called: it refuses most calls for want of room.`,
      why: `Of the calls of the last seconds it took ${this.#window.second} of ${this.#window.first}.`,
      fix: `Send less, or add instances: kerf status shows what runs.`,
    });
  }

  /** A call that was sent has ended; `refused`: for want of room. */
  settled(refused: boolean, now: number): void {
    this.#window.addFirst(now);
    if (!refused) this.#window.addSecond(now);
  }
}
