import type { Clock, Timer } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { RowSink } from "../otlp/receiver.ts";
import type { ReceivedSpan } from "../otlp/received.ts";
import type { Received } from "../store.ts";
import { Slowness } from "./slowness.ts";

/** How long after its first span a trace is decided about, milliseconds: programs send each five seconds or so. */
const waitMs = 10_000;
/** Between two looks at what has waited long enough, milliseconds. */
const lookMs = 1_000;
/** Spans that wait; beyond, the oldest traces are decided about at once. Some 50 MB. */
const defaultMaxWaiting = 50_000;
/** Decisions that are remembered for spans that come later. Some 15 MB. */
const maxDecided = 100_000;
/** Between two lines about the same failure, milliseconds. */
const sayMs = 60_000;

/** Which traces are kept. */
export interface TailSampling {
  /** Share of ordinary ones, 0 to 1. */
  readonly share: number;
  /** From which duration on a trace is slow, milliseconds; without it, one that took longer than 99 of a hundred of its kind. */
  readonly slowMs?: number | undefined;
}

interface Undecided {
  readonly since: number;
  readonly rows: Received[];
}

/**
 * Stands before the store and lets through whole traces: those with an error, the slow ones, and a share of the others. Until that is known a trace's
 * spans wait in memory, and their sender is told that they are kept; what waits is lost with the process. Logs and metrics pass.
 */
export class TailSampler implements RowSink {
  readonly #next: RowSink;
  readonly #sampling: TailSampling;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #maxWaiting: number;
  readonly #slowness: Slowness;
  /** By trace, in the order in which they began to wait. */
  readonly #undecided = new Map<string, Undecided>();
  readonly #decided = new Map<string, boolean>();
  #waiting = 0;
  #timer: Timer | undefined;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    next: RowSink,
    options: TailSampling & { clock: Clock; log: Logger; maxWaiting?: number },
  ) {
    this.#next = next;
    this.#sampling = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#maxWaiting = options.maxWaiting ?? defaultMaxWaiting;
    this.#slowness = new Slowness(options.clock);
  }

  /** Spans that wait. */
  get waiting(): number {
    return this.#waiting;
  }

  add(rows: readonly Received[]): Promise<void> {
    const kept: Received[] = [];
    for (const row of rows) {
      if ("span" in row) this.#take(row, row.span, kept);
      else kept.push(row);
    }
    const overflow: Received[] = [];
    for (const [trace, { rows: waiting }] of this.#undecided) {
      if (this.#waiting <= this.#maxWaiting) break;
      this.#decide(trace, waiting, isOfShare(trace, this.#sampling.share), overflow);
    }
    this.#keep(overflow);
    if (this.#waiting > 0) this.#timer ??= this.#clock.after(lookMs, () => this.#look());
    return this.#next.add(kept);
  }

  /** Decides about all that waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#decideUntil(Number.POSITIVE_INFINITY);
  }

  #take(row: Received, span: ReceivedSpan, kept: Received[]): void {
    const trace = span.traceId.toString("latin1");
    // Each first span counts for what is usual, also that of a trace that is decided about.
    const isWorthIt = this.#isSlow(row, span) || span.failed;
    const decided = this.#decided.get(trace);
    if (decided === true) kept.push(row);
    else if (isWorthIt) {
      kept.push(row);
      this.#decide(trace, this.#undecided.get(trace)?.rows ?? [], true, kept);
    } else if (decided === undefined) {
      const known = this.#undecided.get(trace);
      if (known === undefined)
        this.#undecided.set(trace, { since: this.#clock.now(), rows: [row] });
      else known.rows.push(row);
      this.#waiting++;
    }
  }

  #isSlow({ resource }: Received, span: ReceivedSpan): boolean {
    if (span.parentId !== undefined) return false;
    const durationMicros = span.endedAt - span.startedAt;
    const { slowMs } = this.#sampling;
    if (slowMs !== undefined) return durationMicros >= slowMs * 1_000;
    const operation = JSON.stringify([resource.attributes["service.name"], span.name]);
    return this.#slowness.isSlow(operation, durationMicros);
  }

  #decide(trace: string, waiting: readonly Received[], keep: boolean, into: Received[]): void {
    if (this.#undecided.delete(trace)) this.#waiting -= waiting.length;
    if (keep) for (const row of waiting) into.push(row);
    this.#decided.set(trace, keep);
    if (this.#decided.size <= maxDecided) return;
    const [oldest] = this.#decided.keys();
    if (oldest !== undefined) this.#decided.delete(oldest);
  }

  #look(): void {
    this.#timer = undefined;
    this.#decideUntil(this.#clock.now() - waitMs);
    if (this.#waiting > 0) this.#timer = this.#clock.after(lookMs, () => this.#look());
  }

  #decideUntil(time: number): void {
    const kept: Received[] = [];
    for (const [trace, { rows, since }] of this.#undecided) {
      if (since > time) break;
      this.#decide(trace, rows, isOfShare(trace, this.#sampling.share), kept);
    }
    this.#keep(kept);
  }

  /** Nobody waits for these any more: what cannot be written is lost. */
  #keep(rows: readonly Received[]): void {
    if (rows.length === 0) return;
    this.#next.add(rows).catch((error: unknown) => {
      const now = this.#clock.now();
      if (now - this.#saidAt < sayMs) return;
      this.#saidAt = now;
      this.#log.warn("Spans that waited for a decision are lost.", {
        spans: rows.length,
        error: String(error),
      });
    });
  }
}

/** Decides by the id alone, so that every store decides alike: FNV-1a with an end that mixes, since programs choose by some of its bits already. */
function isOfShare(trace: string, share: number): boolean {
  let hash = 0x811c9dc5;
  for (let at = 0; at < trace.length; at++)
    hash = Math.imul(hash ^ trace.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32 < share;
}
