// Ten steps to every factor of ten: a bucket is 26 % wide, which is finer than what a timeout needs.
const stepsPerDecade = 10;
const smallestMs = 0.1;
const buckets = 70;
// Five measurements over the 99th percentile: fewer would let it jump.
const enough = 500;
// A third: whoever measures much forgets a slow start, or a stall of everything, in 10 to 20 s and not in 30 to 60.
const shortestShare = 1 / 3;

/**
 * Estimates a quantile of how long something takes, over the last one to two windows. A window ends after `windowMs`; sooner, but not before
 * a third of that, when it has seen enough. A histogram with logarithmic buckets: fixed memory, whatever the load.
 */
export class LatencyQuantile {
  readonly #windowMs: number;
  #current = new Uint32Array(buckets);
  #before = new Uint32Array(buckets);
  #currentCount = 0;
  #beforeCount = 0;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(windowMs = 30_000) {
    this.#windowMs = windowMs;
  }

  /** Takes a measurement of `ms` milliseconds; `now` is monotonic milliseconds. */
  record(ms: number, now: number): void {
    this.#turn(now);
    const step = Math.ceil(Math.log10(Math.max(ms, smallestMs) / smallestMs) * stepsPerDecade);
    const bucket = Math.min(buckets - 1, step);
    (this.#current[bucket] as number)++;
    this.#currentCount++;
  }

  /** The upper edge, in milliseconds, of the bucket that holds `quantile`; undefined with fewer than `least` measurements. */
  estimate(quantile: number, now: number, least = 20): number | undefined {
    this.#turn(now);
    const count = this.#currentCount + this.#beforeCount;
    if (count < least) return undefined;
    const rank = Math.ceil(count * quantile);
    let seen = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      seen += (this.#current[bucket] as number) + (this.#before[bucket] as number);
      if (seen >= rank) return smallestMs * 10 ** (bucket / stepsPerDecade);
    }
    return undefined;
  }

  #turn(now: number): void {
    const age = now - this.#begunAt;
    const leastMs = this.#currentCount < enough ? this.#windowMs : this.#windowMs * shortestShare;
    if (age < leastMs) return;
    const fresh = age < 2 * this.#windowMs;
    const reused = this.#before;
    this.#before = this.#current;
    this.#beforeCount = this.#currentCount;
    reused.fill(0);
    this.#current = reused;
    this.#currentCount = 0;
    if (!fresh) {
      this.#before.fill(0);
      this.#beforeCount = 0;
    }
    this.#begunAt = now;
  }
}
