import type {
  Attributes,
  BatchObservableCallback,
  Context,
  Counter,
  Gauge,
  Histogram,
  Meter,
  MeterProvider,
  MetricOptions,
  Observable,
  ObservableCallback,
} from "@opentelemetry/api";
import { durationBounds, type OwnMetric, type SpanPlaceOfWork } from "@kerf/telemetry";
import { placeKey } from "./place-context.ts";
import { attributesOf, withoutHidden } from "./recorded-span.ts";
import type { Connected } from "./tracers.ts";

/** OpenTelemetry's buckets of what is no duration in seconds. */
const usualBounds = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];
/** Most buckets of a histogram; an author may ask for others. */
const maxBounds = 50;
/** Sets of attributes of which a total is remembered, of one metric. */
const maxTotals = 2_000;

/** What meters need of the rest. */
export interface MeterParts {
  readonly connected: () => Connected | undefined;
  readonly active: () => Context;
  /** Somebody asked for a meter. */
  readonly used: () => void;
  /** Has `look` called before each delivery. */
  readonly observe: (look: () => void) => void;
}

/** OpenTelemetry's port for metrics: those of authors and libraries are added up and sent with ours. */
export class Meters implements MeterProvider {
  readonly #parts: MeterParts;

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  getMeter(): Meter {
    this.#parts.used();
    return new OwnMeter(this.#parts);
  }
}

type Instrument = (value: number, attributes?: Attributes, context?: Context) => void;

class OwnMeter implements Meter {
  readonly #parts: MeterParts;
  readonly #batches = new Map<BatchObservableCallback, readonly Observable[]>();

  constructor(parts: MeterParts) {
    this.#parts = parts;
    parts.observe(() => this.#lookAtBatches());
  }

  createHistogram(name: string, options: MetricOptions = {}): Histogram {
    const { advice, unit } = options;
    const given = advice?.explicitBucketBoundaries?.slice(0, maxBounds);
    const bounds = given ?? (unit === "s" ? durationBounds : usualBounds);
    return {
      record: this.#recording(name, options, (metrics, metric, value, place) => {
        metrics.ownHistogram(metric, bounds).recordValue(value, place?.trace);
      }),
    };
  }

  createCounter(name: string, options?: MetricOptions): Counter {
    return {
      add: this.#recording(name, options, (metrics, metric, value) => {
        if (value >= 0) metrics.ownCounter(metric).add(value);
      }),
    };
  }

  /** What goes up and down is told as what it is at the moment. */
  createUpDownCounter(name: string, options?: MetricOptions): Counter {
    return {
      add: this.#recording(name, options, (metrics, metric, value) => {
        const gauge = metrics.ownGauge(metric);
        gauge.set((gauge.value ?? 0) + value);
      }),
    };
  }

  createGauge(name: string, options?: MetricOptions): Gauge {
    return {
      record: this.#recording(name, options, (metrics, metric, value) => {
        metrics.ownGauge(metric).set(value);
      }),
    };
  }

  createObservableGauge(name: string, options?: MetricOptions): Observable {
    const gauge = this.createGauge(name, options);
    return this.#observed((value, attributes) => gauge.record(value, attributes));
  }

  createObservableUpDownCounter(name: string, options?: MetricOptions): Observable {
    return this.createObservableGauge(name, options);
  }

  /** Callbacks tell totals; what is sent is what came since. */
  createObservableCounter(name: string, options?: MetricOptions): Observable {
    const counter = this.createCounter(name, options);
    const totals = new Map<string, number>();
    return this.#observed((total, attributes) => {
      const key = JSON.stringify(attributes ?? {});
      const before = totals.get(key) ?? 0;
      if (before === 0 && totals.size >= maxTotals) return;
      totals.set(key, total);
      counter.add(total >= before ? total - before : total, attributes);
    });
  }

  addBatchObservableCallback(callback: BatchObservableCallback, observables: Observable[]): void {
    this.#batches.set(callback, observables);
  }

  removeBatchObservableCallback(callback: BatchObservableCallback): void {
    this.#batches.delete(callback);
  }

  #recording(
    name: string,
    { unit = "1" }: MetricOptions = {},
    record: (
      metrics: NonNullable<Connected["tracing"]["metrics"]>,
      metric: OwnMetric,
      value: number,
      place: SpanPlaceOfWork | undefined,
    ) => void,
  ): Instrument {
    return (value, attributes = {}, context) => {
      const { tracing, unit: program } = this.#parts.connected() ?? {};
      if (tracing?.metrics === undefined || program === undefined || !Number.isFinite(value))
        return;
      const place = (context ?? this.#parts.active()).getValue(placeKey) as
        | SpanPlaceOfWork
        | undefined;
      const own = metricAttributes(attributes, place);
      const metric = { name, unit, service: place?.service ?? program, attributes: own };
      record(tracing.metrics, metric, value, place);
    };
  }

  #observed(tell: Instrument): Observable {
    const observable = new OwnObservable(tell);
    this.#parts.observe(() => observable.look());
    return observable;
  }

  #lookAtBatches(): void {
    for (const [callback, observables] of this.#batches)
      carefully(() =>
        callback({
          observe(observable, value, attributes) {
            if (observables.includes(observable) && observable instanceof OwnObservable)
              observable.tell(value, attributes);
          },
        }),
      );
  }
}

class OwnObservable implements Observable {
  readonly tell: Instrument;
  readonly #callbacks = new Set<ObservableCallback>();

  constructor(tell: Instrument) {
    this.tell = tell;
  }

  addCallback(callback: ObservableCallback): void {
    this.#callbacks.add(callback);
  }

  removeCallback(callback: ObservableCallback): void {
    this.#callbacks.delete(callback);
  }

  look(): void {
    for (const callback of this.#callbacks)
      carefully(() => callback({ observe: (value, attributes) => this.tell(value, attributes) }));
  }
}

/** What a callback throws is its author's, and must not keep the others' metrics. One that answers later is delivered the next time. */
function carefully(callback: () => void | Promise<void>): void {
  try {
    void Promise.resolve(callback()).catch(() => {});
  } catch {
    // It told nothing.
  }
}

/** As texts and numbers, without what is hidden. */
function metricAttributes(
  given: Attributes,
  place: SpanPlaceOfWork | undefined,
): Record<string, string | number> {
  const hidden = place?.hidden();
  const taken = attributesOf(given);
  const shown =
    hidden === undefined || hidden.names.size + hidden.values.length === 0
      ? taken
      : withoutHidden(taken, hidden);
  return Object.fromEntries(
    Object.entries(shown).map(([name, value]) => [
      name,
      typeof value === "number" ? value : String(value),
    ]),
  );
}
