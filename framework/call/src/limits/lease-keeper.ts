import { Buckets } from "./buckets.ts";

/** Most leases that are asked for at once. */
export const maxLeases = 1_000;

/** What one process asks for one bucket. */
export interface TokenLease {
  readonly key: string;
  /** Milliseconds in which one token comes back. */
  readonly everyMs: number;
  /** Most tokens that the bucket holds. */
  readonly burst: number;
  /** Tokens that were taken on trust since it last asked. */
  readonly used: number;
  /** Tokens that it would like to take ahead. */
  readonly want: number;
}

/** What the keeper says to it. */
export interface LeaseGrant {
  /** Tokens that are the asking process's own from now on; at most what it wanted. */
  readonly granted: number;
  /** Whole tokens that are left for all. */
  readonly remaining: number;
  /** Until a token is there again, milliseconds; 0 when one is. */
  readonly retryInMs: number;
}

/**
 * The one place where processes that share buckets count. What was taken on trust is paid in any case, so that a bucket may owe
 * tokens; nothing is granted until they have come back, and over time no more is taken than the rate allows.
 */
export class LeaseKeeper {
  readonly #buckets: Buckets;

  constructor(buckets: Buckets = new Buckets()) {
    this.#buckets = buckets;
  }

  /** @param owner whose buckets they are: others with the same key are others; @param now monotonic milliseconds */
  lease(owner: string, leases: readonly TokenLease[], now: number): LeaseGrant[] {
    return leases.map(({ key, used, want, ...shape }) => {
      const name = `${owner} ${key}`;
      if (used > 0) this.#buckets.pay(name, shape, used, now);
      const granted = Math.min(want, this.#left(name, shape, now));
      if (granted > 0) this.#buckets.pay(name, shape, granted, now);
      const { retryInMs } = this.#buckets.look(name, shape, now);
      return { granted, remaining: this.#left(name, shape, now), retryInMs: Math.ceil(retryInMs) };
    });
  }

  #left(name: string, shape: { everyMs: number; burst: number }, now: number): number {
    const { admitted, remaining } = this.#buckets.look(name, shape, now);
    // What it says is left does not count the token that it would give.
    return admitted ? remaining + 1 : 0;
  }
}
