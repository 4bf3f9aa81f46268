import { type Clock, type Random } from "@kerf/kernel";
import type { Logger } from "./logger.ts";
import { MetricsEncoder } from "./metrics/metrics-encoder.ts";
import type { MetricExporter, Series } from "./metrics/metrics.ts";
import { OtlpDestination, type Signal } from "./otlp-destination.ts";
import { type EncodedBatch, OtlpEncoder, type Resource } from "./otlp-encoder.ts";
import type { SpanExporter } from "./recorder.ts";
import type { Span } from "./span.ts";

/** What an exporter is made from. */
export interface OtlpExporterOptions {
  /** Where OTLP/HTTP is spoken, without `/v1/…`: `http://127.0.0.1:4318`, or `unix:/path` of a socket. Everything goes to each of them. */
  readonly endpoints: readonly string[];
  readonly resource: Resource;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told of spans that will not arrive somewhere. */
  readonly lost: (spans: number) => void;
}

/**
 * Sends spans and metrics to whoever speaks OTLP/HTTP. Encoded once and sent to each destination by itself: one that is away costs
 * the others nothing.
 */
export class OtlpExporter implements SpanExporter, MetricExporter {
  readonly #spans: OtlpEncoder;
  readonly #metrics: MetricsEncoder;
  readonly #destinations: readonly OtlpDestination[];
  readonly #lost: (spans: number) => void;
  /** Batches that some destination still needs. */
  #underWay = 0;
  readonly #waiting: (() => void)[] = [];

  constructor({ endpoints, lost, resource, ...parts }: OtlpExporterOptions) {
    this.#spans = new OtlpEncoder(resource);
    this.#metrics = new MetricsEncoder(resource);
    this.#lost = lost;
    this.#destinations = endpoints.map(
      (endpoint) =>
        new OtlpDestination({
          ...parts,
          endpoint,
          lost: (signal, items) => signal === "traces" && lost(items),
        }),
    );
  }

  add(span: Span, epochMs: number): void {
    this.#spans.add(span, epochMs);
  }

  send(): boolean {
    const batch = this.#spans.take();
    const taken = this.#sendTo("traces", batch);
    // Whoever records them counts what nobody takes.
    if (taken > 0 && taken < this.#destinations.length) this.#lost(batch.items);
    return taken > 0;
  }

  sendMetrics(series: readonly Series[], since: number, now: number, epochMs: number): void {
    this.#sendTo("metrics", this.#metrics.encode(series, since, now, epochMs));
  }

  /** Resolves once every destination has taken what it was offered so far, or has given it up. */
  delivered(): Promise<void> {
    if (this.#underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async stop(ms: number): Promise<void> {
    await Promise.all(this.#destinations.map((each) => each.stop(ms)));
  }

  /** Answers how many of them take it. Its bytes are given back when nobody needs them any more. */
  #sendTo(signal: Signal, batch: EncodedBatch): number {
    const { bytes, items, pieces } = batch;
    // One is ours, until all were asked.
    let users = 1;
    let isHeld = false;
    this.#underWay++;
    const done = (held: boolean): void => {
      isHeld ||= held;
      users--;
      if (users > 0) return;
      if (!isHeld) batch.giveBack();
      this.#underWay--;
      if (this.#underWay === 0) for (const resolve of this.#waiting.splice(0)) resolve();
    };
    let taken = 0;
    for (const destination of this.#destinations) {
      users++;
      if (destination.offer({ signal, items, pieces, bytes, done })) taken++;
      else users--;
    }
    done(false);
    return taken;
  }
}
