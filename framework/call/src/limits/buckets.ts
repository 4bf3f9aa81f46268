import { KeyedHeap } from "./keyed-heap.ts";

/** How a bucket fills and how much it holds. */
export interface BucketShape {
  /** Milliseconds in which one token comes back. */
  readonly everyMs: number;
  /** Most tokens that it holds. */
  readonly burst: number;
}

/** What a bucket says to one request. */
export interface BucketState {
  /** Whether a token is there. */
  readonly admitted: boolean;
  /** Whole tokens that are left, this request's own not counted. */
  readonly remaining: number;
  /** Until all tokens are there again, milliseconds. */
  readonly fullInMs: number;
  /** Until the next token is there, milliseconds; 0 when one is. */
  readonly retryInMs: number;
}

/** Buckets by key. */
export interface BucketStore {
  /** What the bucket would say, taking nothing. @param now monotonic milliseconds */
  look(key: string, shape: BucketShape, now: number): BucketState;
  /** Takes a token out of a bucket that {@link look} found one in. */
  take(key: string, shape: BucketShape, now: number): void;
}

/** Most buckets that are remembered: about 20 MB. */
const maxBuckets = 100_000;

/**
 * Token buckets as the generic cell rate algorithm keeps them (ITU-T I.371): of each only the moment at which it is full again.
 * A full one is nothing to remember. When there are too many, the one that would be full first is forgotten, so that whoever
 * makes up many keys cannot wash away the count of one who is over its limit.
 */
export class Buckets implements BucketStore {
  readonly #fullAt: KeyedHeap;
  readonly #most: number;

  constructor(most: number = maxBuckets) {
    this.#most = most;
    this.#fullAt = new KeyedHeap();
  }

  /** How many are remembered. */
  get size(): number {
    return this.#fullAt.size;
  }

  look(key: string, { everyMs, burst }: BucketShape, now: number): BucketState {
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + everyMs;
    const overMs = fullAt - now - burst * everyMs;
    // A millionth of a token is rounding, not a request.
    const admitted = overMs <= everyMs * 1e-6;
    const fullInMs = admitted ? fullAt - now : fullAt - everyMs - now;
    return {
      admitted,
      remaining: Math.max(0, Math.floor(burst - fullInMs / everyMs + 1e-6)),
      fullInMs,
      retryInMs: admitted ? 0 : overMs,
    };
  }

  take(key: string, shape: BucketShape, now: number): void {
    this.pay(key, shape, 1, now);
  }

  /** Takes tokens whether they are there or not: the bucket may owe some then. */
  pay(key: string, { everyMs }: BucketShape, tokens: number, now: number): void {
    const before = this.#fullAt.get(key);
    if (before === undefined) this.#makeRoom(now);
    this.#fullAt.set(key, Math.max(before ?? now, now) + tokens * everyMs);
  }

  /** Tokens that it lacks to be full. */
  owed(key: string, { everyMs }: BucketShape, now: number): number {
    return Math.max(0, (this.#fullAt.get(key) ?? now) - now) / everyMs;
  }

  #makeRoom(now: number): void {
    for (;;) {
      const first = this.#fullAt.least();
      if (first === undefined || (first > now && this.#fullAt.size < this.#most)) return;
      this.#fullAt.removeLeast();
    }
  }
}
