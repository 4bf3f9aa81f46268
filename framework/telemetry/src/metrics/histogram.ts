import type { Trace } from "@kerf/kernel";
import { durationBounds } from "./metric-catalogue.ts";

/** A recorded span that a value was measured in. */
export interface Exemplar {
  readonly trace: Trace;
  /** Seconds, or what its histogram is of. */
  readonly value: number;
  /** Monotonic milliseconds of the program's clock. */
  readonly at: number;
}

/** Durations, or other values, of one series since they were last taken. Recording one allocates nothing, but for a span that is recorded. */
export class Histogram {
  /** Upper bounds of its buckets, but for the last one; seconds, or whatever is recorded. */
  readonly bounds: readonly number[];
  readonly counts: Float64Array;
  count = 0;
  /** Seconds, or whatever is recorded. */
  sum = 0;
  #exemplars: (Exemplar | undefined)[] | undefined;
  #last = 0;
  #lastBucket = 0;

  constructor(bounds: readonly number[] = durationBounds) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  /**
   * A duration in milliseconds.
   * @param trace its span; the last one that is recorded of each bucket is kept as its example
   * @param at when it ended, monotonic milliseconds
   */
  record(ms: number, trace?: Trace, at = 0): void {
    this.recordValue(ms > 0 ? ms / 1_000 : 0, trace, at);
  }

  /** The same of a value in the unit of the metric. */
  recordValue(value: number, trace?: Trace, at = 0): void {
    const { bounds } = this;
    let low = 0;
    let high = bounds.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value <= (bounds[middle] as number)) high = middle;
      else low = middle + 1;
    }
    this.#last = value;
    this.#lastBucket = low;
    this.#add(value, low);
    if (trace?.sampled !== true) return;
    this.#exemplars ??= Array.from({ length: bounds.length + 1 });
    this.#exemplars[low] = { trace, value, at };
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

  #add(value: number, bucket: number): void {
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.count++;
    this.sum += value;
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
