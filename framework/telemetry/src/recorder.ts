import type { Clock, Timer } from "@kerf/kernel";
import type { Logger } from "./logger.ts";
import type { Span } from "./span.ts";

/** Most spans that wait for the next batch. OpenTelemetry's batch processor has 2,048 (OTEL_BSP_MAX_QUEUE_SIZE); ours is emptied at half. */
const capacity = 4_096;
/** Longest wait of a span, milliseconds. */
const everyMs = 1_000;
/** Between two log lines about spans that were dropped, milliseconds. */
const sayMs = 60_000;
/** The wall clock was set when it differs from what was known by more, milliseconds. */
const clockSetMs = 50;

/** Spans that go out together. */
export interface SpanBatch {
  readonly spans: readonly Span[];
  /** Unix milliseconds of the monotonic clock's zero: what makes times of spans wall times. */
  readonly epochMs: number;
}

/** The port to whatever takes spans. */
export interface SpanExporter {
  /** Takes a batch, at once and without failing; false when it has no room for it, or was stopped. */
  accept(batch: SpanBatch): boolean;
  /** Delivers what it has, within `ms` milliseconds. */
  stop(ms: number): Promise<void>;
}

/**
 * Collects finished spans and hands them on in batches: every second, or when half of the buffer is full. Nothing that it does
 * can fail or delay a call: what there is no room for is dropped, counted and said.
 */
export class Recorder {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #exporter: SpanExporter;
  #spans: Span[] = [];
  #timer: Timer | undefined;
  #epochMs = Number.NEGATIVE_INFINITY;
  #dropped = 0;
  #unsaid = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  constructor(options: { clock: Clock; log: Logger; exporter: SpanExporter }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#exporter = options.exporter;
  }

  /** Spans that were recorded and will not arrive, since the start. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes a span that is over. */
  record(span: Span): void {
    const waiting = this.#spans.push(span);
    if (waiting === 1) this.#timer = this.#clock.after(everyMs, () => this.flush());
    else if (waiting === capacity / 2) {
      this.#timer?.cancel();
      this.#timer = this.#clock.after(0, () => this.flush());
    } else if (waiting > capacity) {
      this.#spans.pop();
      this.drop(1);
    }
  }

  /** Counts spans that cannot be delivered; said once a minute, not once a span. */
  drop(count: number): void {
    this.#dropped += count;
    this.#unsaid += count;
    const now = this.#clock.now();
    if (now - this.#saidAt < sayMs) return;
    this.#saidAt = now;
    this.#log.warn(`${this.#unsaid} spans were dropped: traces have gaps.`);
    this.#unsaid = 0;
  }

  /** Hands on what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const spans = this.#spans;
    if (spans.length === 0) return;
    this.#spans = [];
    if (!this.#exporter.accept({ spans, epochMs: this.#anchor() })) this.drop(spans.length);
  }

  /** Hands on what waits and lets it be delivered, within `ms` milliseconds. What is recorded later is dropped. */
  async stop(ms: number): Promise<void> {
    this.flush();
    await this.#exporter.stop(ms);
    if (this.#unsaid > 0) this.#log.warn(`${this.#unsaid} spans were dropped: traces have gaps.`);
    this.#unsaid = 0;
  }

  /** The wall clock tells whole milliseconds, rounded down: the largest difference seen is the closest to the truth. */
  #anchor(): number {
    const seen = this.#clock.wall() - this.#clock.now();
    if (seen > this.#epochMs || this.#epochMs - seen > clockSetMs) this.#epochMs = seen;
    return this.#epochMs;
  }
}
