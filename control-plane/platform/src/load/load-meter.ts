import { latencyBuckets } from "@kerf/call/host";
import type { Counted } from "./load-history.ts";
import { emptyWindow, type LoadWindow } from "./load-window.ts";

interface Sum {
  calls: number;
  failed: number;
  readonly latency: number[];
}

/** What instances and gateways report from a moment on, by unit and operation. As large as what they serve. */
export class LoadMeter {
  readonly #begunAt: number;
  readonly #met = new Set<string>();
  readonly #sums = new Map<string, Sum>();

  /** @param now monotonic milliseconds */
  constructor(now: number) {
    this.#begunAt = now;
  }

  /** Takes what an instance counted since its last report. The first one of each is of the time before too, and passed over. */
  heard(instance: string, unit: string, added: ReadonlyMap<string, Counted>): void {
    if (!this.#met.has(instance)) {
      this.#met.add(instance);
      return;
    }
    for (const [operation, counted] of added) this.#add(key(unit, operation), counted);
  }

  /** What was counted until now. */
  window(unit: string, operation: string, now: number): LoadWindow {
    const sum = this.#sums.get(key(unit, operation));
    const seconds = Math.max(0, now - this.#begunAt) / 1_000;
    if (sum === undefined) return { ...emptyWindow, seconds };
    return { seconds, ...sum, failed: Math.min(sum.failed, sum.calls) };
  }

  #add(at: string, { calls, failed, latency }: Counted): void {
    let sum = this.#sums.get(at);
    if (sum === undefined) {
      sum = { calls: 0, failed: 0, latency: Array.from({ length: latencyBuckets }, () => 0) };
      this.#sums.set(at, sum);
    }
    sum.calls += calls;
    sum.failed += failed;
    for (let index = 0; index + 1 < latency.length; index += 2) {
      const bucket = latency[index] as number;
      if (bucket < latencyBuckets)
        sum.latency[bucket] = (sum.latency[bucket] as number) + (latency[index + 1] as number);
    }
  }
}

function key(unit: string, operation: string): string {
  return JSON.stringify([unit, operation]);
}
