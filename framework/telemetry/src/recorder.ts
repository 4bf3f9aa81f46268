import type { Clock, Timer } from "@kerf/kernel";
import type { Logger } from "./logger.ts";
import type { Span } from "./span.ts";

/**
 * Most spans that wait for the next batch; it is handed on at half. OpenTelemetry's batch processor has 2,048 and sends 512
 * (OTEL_BSP_*); a request costs about as much as encoding 300 spans, so that larger ones pay, and 8,192 take about 2 MB.
 */
const capacity = 8_192;
/** Longest wait of a span, milliseconds. */
const everyMs = 1_000;
/** Between two log lines about spans that were dropped, milliseconds. */
const sayMs = 60_000;
/** The wall clock was set when it differs from what was known by more, milliseconds. */
const clockSetMs = 50;

/** The port to whatever takes spans. */
export interface SpanExporter {
  /**
   * Takes a span that is over. It keeps none of the objects: thousands of them that live for a while cost the garbage collector
   * more than everything else that a span costs.
   * @param epochMs Unix milliseconds of the monotonic clock's zero: what makes times of spans wall times
   */
  add(span: Span, epochMs: number): void;
  /** Begins to deliver what was added since the last time; false when it has no room for it, or was stopped. */
  send(): boolean;
  /** Delivers what is under way, within `ms` milliseconds. */
  stop(ms: number): Promise<void>;
}

/**
 * Collects finished spans and has them sent in batches: every second, or when half of the buffer is full. Nothing that it does
 * can fail or delay a call: what there is no room for is dropped, counted and said.
 */
export class Recorder {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #exporter: SpanExporter;
  #waiting = 0;
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
    if (this.#waiting >= capacity) {
      this.drop(1);
      return;
    }
    this.#waiting++;
    if (this.#waiting === 1) {
      this.#anchor();
      this.#timer = this.#clock.after(everyMs, () => this.flush());
    } else if (this.#waiting === capacity / 2) {
      this.#timer?.cancel();
      this.#timer = this.#clock.after(0, () => this.flush());
    }
    this.#exporter.add(span, this.#epochMs);
  }

  /** Counts spans that cannot be delivered; said once a minute, not once a span. */
  drop(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#unsaid += count;
    const now = this.#clock.now();
    if (now - this.#saidAt < sayMs) return;
    this.#saidAt = now;
    this.#log.warn(`${this.#unsaid} spans were dropped: traces have gaps.`);
    this.#unsaid = 0;
  }

  /** Sends what waits. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const spans = this.#waiting;
    if (spans === 0) return;
    this.#waiting = 0;
    if (!this.#exporter.send()) this.drop(spans);
  }

  /** Sends what waits and lets it be delivered, within `ms` milliseconds. What is recorded later is dropped. */
  async stop(ms: number): Promise<void> {
    this.flush();
    await this.#exporter.stop(ms);
    if (this.#unsaid > 0) this.#log.warn(`${this.#unsaid} spans were dropped: traces have gaps.`);
    this.#unsaid = 0;
  }

  /** The wall clock tells whole milliseconds, rounded down: the largest difference seen is the closest to the truth. */
  #anchor(): void {
    const seen = this.#clock.wall() - this.#clock.now();
    if (seen > this.#epochMs || this.#epochMs - seen > clockSetMs) this.#epochMs = seen;
  }
}
