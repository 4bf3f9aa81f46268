import type { Clock, Timer } from "@kerf/kernel";
import { packLatency } from "../load/latency-histogram.ts";
import type { LoadSource } from "../load/load-source.ts";
import type { LoadMeasured, OperationMeasured } from "../placement.ts";

/** How often a program looks at what it did, in milliseconds. */
const lookMs = 1_000;
/** A program that did nothing says so that often, in milliseconds. */
export const heartbeatMs = 5_000;
/** Operations that a report names at most; the others follow in the next one. */
export const maxOperations = 1_000;

/** How a report was taken. `unknown`: the platform is of the version before, and has no use for it. */
export type ReportTaken = "taken" | "away" | "unknown";

/** What a reporter is made from. */
export interface LoadReporterOptions {
  readonly clock: Clock;
  readonly source: LoadSource;
  readonly send: (measured: LoadMeasured) => Promise<ReportTaken>;
  /** Processor time and memory of this process; those of the system unless a test says otherwise. */
  readonly usage?: () => { cpuMs: number; residentBytes: number };
}

/** Tells the platform once a second what this program did, and every 5 s that it did nothing. */
export class LoadReporter {
  readonly #options: LoadReporterOptions;
  /** Calls of each operation, as of the last report that was taken. */
  readonly #told = new Map<string, number>();
  #busy = false;
  #toldAt = Number.NEGATIVE_INFINITY;
  #sending = false;
  #timer: Timer | undefined;

  constructor(options: LoadReporterOptions) {
    this.#options = options;
  }

  /** A platform is there: it may be another one, which knows nothing yet. */
  start(): void {
    this.#told.clear();
    this.#toldAt = Number.NEGATIVE_INFINITY;
    this.#timer ??= this.#after();
  }

  /** Nobody is there to be told. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #after(): Timer {
    return this.#options.clock.after(lookMs, () => {
      this.#timer = this.#after();
      void this.#look(); // Never rejects.
    });
  }

  async #look(): Promise<void> {
    const { clock, source, send, usage = ownUsage } = this.#options;
    if (this.#sending) return;
    const { inFlight, streams } = source;
    const operations = this.#changed();
    const silentMs = clock.now() - this.#toldAt;
    const busy = inFlight > 0;
    // That it became idle is news as well.
    if (operations.length === 0 && !busy && !this.#busy && silentMs < heartbeatMs) return;
    this.#sending = true;
    const taken = await send({ inFlight, streams, ...usage(), operations });
    this.#sending = false;
    if (taken === "unknown") this.stop();
    if (taken !== "taken") return;
    this.#toldAt = clock.now();
    this.#busy = busy;
    for (const { name, calls } of operations) this.#told.set(name, calls);
  }

  #changed(): OperationMeasured[] {
    const changed: OperationMeasured[] = [];
    for (const { name, calls, failed, latency } of this.#options.source.operations()) {
      if (calls === (this.#told.get(name) ?? 0)) continue;
      changed.push({ name, calls, failed, latency: packLatency(latency.counts) });
      if (changed.length === maxOperations) break;
    }
    return changed;
  }
}

function ownUsage(): { cpuMs: number; residentBytes: number } {
  const { user, system } = process.cpuUsage();
  return { cpuMs: Math.round((user + system) / 1_000), residentBytes: process.memoryUsage.rss() };
}
