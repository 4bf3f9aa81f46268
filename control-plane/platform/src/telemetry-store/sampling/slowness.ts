import type { Clock } from "@kerf/kernel";

/** A minute's traffic decides nothing: how long what was seen counts, milliseconds. It is forgotten by halves. */
const windowMs = 300_000;
/** Operations that are watched; names come from outside. */
const maxOperations = 1_000;
/** Requests of an operation before one of them can be called slow: with fewer there is no hundredth. */
const enough = 100;
const slowShare = 0.01;
/** Buckets of durations for each doubling, and doublings from one microsecond on: up to 12 days. */
const perDoubling = 8;
const buckets = 40 * perDoubling;

interface Seen {
  now: Uint32Array;
  before: Uint32Array;
}

/** Knows how long each operation usually takes, and so which request is slow: slower than 99 of a hundred in the last minutes. */
export class Slowness {
  readonly #clock: Clock;
  readonly #operations = new Map<string, Seen>();
  #since: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#since = clock.now();
  }

  /** Whether a request was slow; and it counts for those after it. */
  isSlow(operation: string, durationMicros: number): boolean {
    this.#forget();
    let seen = this.#operations.get(operation);
    if (seen === undefined) {
      if (this.#operations.size >= maxOperations) return false;
      seen = { now: new Uint32Array(buckets), before: new Uint32Array(buckets) };
      this.#operations.set(operation, seen);
    }
    const bucket = Math.min(
      buckets - 1,
      Math.floor(Math.log2(Math.max(1, durationMicros)) * perDoubling),
    );
    const slow = isBeyond(seen, bucket);
    seen.now[bucket] = (seen.now[bucket] ?? 0) + 1;
    return slow;
  }

  #forget(): void {
    const now = this.#clock.now();
    if (now - this.#since < windowMs / 2) return;
    const isStale = now - this.#since >= windowMs;
    this.#since = now;
    for (const [operation, seen] of this.#operations) {
      if (isStale || seen.now.every((count) => count === 0)) this.#operations.delete(operation);
      else {
        seen.before = seen.now;
        seen.now = new Uint32Array(buckets);
      }
    }
  }
}

/** Whether less than one in a hundred took as long as this bucket, or longer. */
function isBeyond({ before, now }: Seen, bucket: number): boolean {
  let [all, longer] = [0, 0];
  for (let at = 0; at < buckets; at++) {
    const count = (now[at] ?? 0) + (before[at] ?? 0);
    all += count;
    if (at >= bucket) longer += count;
  }
  return all >= enough && longer < all * slowShare;
}
