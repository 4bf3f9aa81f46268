import type { Trace } from "@kerf/kernel";
import { durationBounds } from "./metric-catalogue.ts";

const buckets = durationBounds.length + 1;

/** A recorded span that a value was measured in. */
export interface Exemplar {
  readonly trace: Trace;
  /** Seconds. */
  readonly value: number;
  /** Monotonic milliseconds of the program's clock. */
  readonly at: number;
}

/** Durations of one series since they were last taken. Recording one allocates nothing, but for a span that is recorded. */
export class Histogram {
  readonly counts = new Float64Array(buckets);
  count = 0;
  /** Seconds. */
  sum = 0;
  #exemplars: (Exemplar | undefined)[] | undefined;
  #last = 0;
  #lastBucket = 0;

  /**
   * A duration in milliseconds.
   * @param trace its span; the last one that is recorded of each bucket is kept as its example
   * @param at when it ended, monotonic milliseconds
   */
  record(ms: number, trace?: Trace, at = 0): void {
    const seconds = ms > 0 ? ms / 1_000 : 0;
    let low = 0;
    let high = buckets - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (seconds <= (durationBounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.#last = seconds;
    this.#lastBucket = low;
    this.#add(seconds, low);
    if (trace?.sampled !== true) return;
    this.#exemplars ??= Array.from({ length: buckets });
    this.#exemplars[low] = { trace, value: seconds, at };
  }

  /** One more that was not timed: the last one that was stands for it. */
  repeat(): void {
    this.#add(this.#last, this.#lastBucket);
  }

  /** Those of its buckets. */
  get exemplars(): readonly Exemplar[] {
    return this.#exemplars?.filter((each) => each !== undefined) ?? [];
  }

  clear(): void {
    this.counts.fill(0);
    this.count = 0;
    this.sum = 0;
    this.#exemplars = undefined;
  }

  #add(seconds: number, bucket: number): void {
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count++;
    this.sum += seconds;
  }
}

/** What one series adds up since it was last taken. */
export class Counter {
  value = 0;

  add(value: number): void {
    this.value += value;
  }
}

/** What one series is at the moment. */
export class Gauge {
  value: number | undefined;

  set(value: number | undefined): void {
    this.value = value;
  }
}
