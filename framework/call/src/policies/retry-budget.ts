import type { PolicyDefaults } from "./defaults.ts";
import { RollingWindow } from "./rolling-window.ts";

/**
 * Bounds retries to a share of the requests of the last seconds, so that retries cannot finish off a callee in trouble.
 * A retry is paid for when it is decided, not when it is sent: those that wait in backoff count.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #reserve: number;
  // First: requests. Second: retries.
  readonly #window: RollingWindow;

  constructor(policies: PolicyDefaults) {
    this.#share = policies.retryShare;
    this.#reserve = (policies.retriesPerSecond * policies.retryWindowMs) / 1_000;
    this.#window = new RollingWindow(policies.retryWindowMs);
  }

  /** Counts one call, whatever comes of it. */
  deposit(now: number): void {
    this.#window.addFirst(now);
  }

  /** Whether there is enough for one retry. */
  isLeft(now: number): boolean {
    this.#window.turn(now);
    return this.#window.second < this.#window.first * this.#share + this.#reserve;
  }

  /** Pays for one retry; false when the budget is used up. */
  withdraw(now: number): boolean {
    if (!this.isLeft(now)) return false;
    this.#window.addSecond(now);
    return true;
  }
}
