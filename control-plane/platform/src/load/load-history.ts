import { latencyBuckets } from "@kerf/call/host";
import type { LoadWindow } from "./load-window.ts";

/** How finely the past is kept, in milliseconds, and how long. */
export const sliceMs = 5_000;
export const keptMs = 300_000;
/** Programs report once a second: the first report is of as long before it. */
const reportMs = 1_000;

/** What came in between two reports. */
export interface Counted {
  readonly calls: number;
  readonly failed: number;
  /** Bucket, count, bucket, count … */
  readonly latency: readonly number[];
}

interface Slice {
  readonly begunAt: number;
  calls: number;
  failed: number;
  readonly latency: Map<number, number>;
}

/** What was counted in the last five minutes, in slices of five seconds. Slices in which nothing was counted cost nothing. */
export class LoadHistory {
  readonly #begunAt: number;
  readonly #slices: Slice[] = [];
  #heardAt: number;

  /** @param now monotonic milliseconds, as everywhere here */
  constructor(now: number) {
    this.#begunAt = now - reportMs;
    this.#heardAt = now;
  }

  /** When it was last added to. */
  get heardAt(): number {
    return this.#heardAt;
  }

  add(now: number, { calls, failed, latency }: Counted): void {
    this.#heardAt = now;
    this.#forget(now);
    const begunAt = Math.floor(now / sliceMs) * sliceMs;
    let slice = this.#slices.at(-1);
    if (slice?.begunAt !== begunAt) {
      slice = { begunAt, calls: 0, failed: 0, latency: new Map() };
      this.#slices.push(slice);
    }
    slice.calls += calls;
    slice.failed += failed;
    for (let at = 0; at + 1 < latency.length; at += 2) {
      const bucket = latency[at] as number;
      if (bucket < latencyBuckets)
        slice.latency.set(bucket, (slice.latency.get(bucket) ?? 0) + (latency[at + 1] as number));
    }
  }

  /** The last `lastMs` milliseconds, as whole slices: the first may have begun a little before. */
  window(now: number, lastMs: number): LoadWindow {
    this.#forget(now);
    const from = Math.floor(Math.max(now - lastMs, this.#begunAt) / sliceMs) * sliceMs;
    const latency = Array.from({ length: latencyBuckets }, () => 0);
    let calls = 0;
    let failed = 0;
    for (const slice of this.#slices) {
      if (slice.begunAt < from) continue;
      calls += slice.calls;
      failed += slice.failed;
      for (const [bucket, count] of slice.latency)
        latency[bucket] = (latency[bucket] as number) + count;
    }
    const seconds = Math.max(0, now - Math.max(from, this.#begunAt)) / 1_000;
    // A call is counted when it begins and its failure when it ends: at the edge of a window one may come without the other.
    return { seconds, calls, failed: Math.min(failed, calls), latency };
  }

  #forget(now: number): void {
    const from = now - keptMs - sliceMs;
    const kept = this.#slices.findIndex(({ begunAt }) => begunAt >= from);
    if (kept !== 0) this.#slices.splice(0, kept === -1 ? this.#slices.length : kept);
  }
}
