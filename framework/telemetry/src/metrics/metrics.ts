import type { Clock, Timer } from "@kerf/kernel";
import type { Logger } from "../logger.ts";
import { Counter, Gauge, Histogram } from "./histogram.ts";
import {
  type MetricAttributes,
  type MetricKind,
  metricMeanings,
  type MetricName,
  type MetricOf,
} from "./metric-catalogue.ts";

/** Between two deliveries, milliseconds: what a chart shows of the last moments is that old. OpenTelemetry has 60 s (OTEL_METRIC_EXPORT_INTERVAL). */
const everyMs = 10_000;
/** Most series of one program: about 2 MB here, and 1 MB each time that all of them changed. OpenTelemetry's limit for one metric. */
const defaultMaxSeries = 2_000;

/** One metric with one set of attributes, of one service. */
export interface Series {
  readonly name: string;
  readonly kind: MetricKind;
  /** As UCUM writes it. */
  readonly unit: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly instrument: Histogram | Counter | Gauge;
}

/** A metric that is in no catalogue of ours: an author's or a library's. */
export interface OwnMetric {
  readonly name: string;
  readonly unit: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** The port to whatever takes metrics. */
export interface MetricExporter {
  /**
   * Takes what changed; nothing of it is kept, since it is cleared afterwards.
   * @param since Unix milliseconds of the last time
   * @param epochMs Unix milliseconds of the monotonic clock's zero
   */
  sendMetrics(series: readonly Series[], since: number, now: number, epochMs: number): void;
}

/**
 * The metrics of one program. Whoever records asks for its series once and keeps it. What is delivered each ten seconds is what
 * happened since (delta): a store adds up what it finds between two times, knows nothing of programs that start and end, and is sent
 * nothing of series that rest. What does not arrive is missing there and nowhere else.
 */
export class Metrics {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #exporter: MetricExporter;
  readonly #maxSeries: number;
  readonly #series = new Map<string, Series>();
  readonly #observers: (() => void)[] = [];
  #timer: Timer | undefined;
  #since: number;
  #overflowed = false;

  constructor(options: {
    clock: Clock;
    log: Logger;
    exporter: MetricExporter;
    maxSeries?: number | undefined;
  }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#exporter = options.exporter;
    this.#maxSeries = options.maxSeries ?? defaultMaxSeries;
    this.#since = this.#clock.wall();
  }

  /** How long things of one kind take; the same one for the same attributes. */
  histogram<Name extends MetricOf<"histogram">>(
    name: Name,
    service: string,
    attributes: MetricAttributes<Name>,
  ): Histogram {
    return this.#find({ name, service, attributes, ...known(name) }, () => new Histogram());
  }

  /** How much of one kind there is; the same one for the same attributes. */
  counter<Name extends MetricOf<"counter">>(
    name: Name,
    service: string,
    attributes: MetricAttributes<Name>,
  ): Counter {
    return this.#find({ name, service, attributes, ...known(name) }, () => new Counter());
  }

  /** What is so much at a time; the same one for the same attributes. */
  gauge<Name extends MetricOf<"gauge">>(
    name: Name,
    service: string,
    attributes: MetricAttributes<Name>,
  ): Gauge {
    return this.#find({ name, service, attributes, ...known(name) }, () => new Gauge());
  }

  /** The same of a metric of an author or a library. `bounds`: of its buckets. */
  ownHistogram(metric: OwnMetric, bounds: readonly number[]): Histogram {
    return this.#find({ ...metric, kind: "histogram" }, () => new Histogram(bounds));
  }

  ownCounter(metric: OwnMetric): Counter {
    return this.#find({ ...metric, kind: "counter" }, () => new Counter());
  }

  ownGauge(metric: OwnMetric): Gauge {
    return this.#find({ ...metric, kind: "gauge" }, () => new Gauge());
  }

  /** Calls `look` before each delivery, for what is looked at and not counted. */
  observe(look: () => void): void {
    this.#observers.push(look);
  }

  /** Begins to deliver. Idempotent. */
  start(): void {
    this.#timer ??= this.#clock.after(everyMs, () => {
      this.#timer = undefined;
      this.flush();
      this.start();
    });
  }

  /** Ends with one more delivery. */
  stop(): void {
    this.#timer?.cancel();
    this.flush();
  }

  /** Delivers what changed since the last time. */
  flush(): void {
    for (const look of this.#observers) look();
    const changed = [...this.#series.values()].filter(({ instrument }) => hasChanged(instrument));
    const now = this.#clock.wall();
    const since = Math.min(this.#since, now);
    this.#since = now;
    if (changed.length === 0) return;
    this.#exporter.sendMetrics(changed, since, now, now - this.#clock.now());
    for (const { instrument } of changed) {
      if (instrument instanceof Histogram) instrument.clear();
      else if (instrument instanceof Counter) instrument.value = 0;
    }
  }

  #find<Instrument extends Histogram | Counter | Gauge>(
    wanted: Wanted,
    make: () => Instrument,
  ): Instrument {
    const { attributes, kind, name, service, unit } = wanted;
    const key = keyOf(wanted);
    const found = this.#series.get(key);
    if (found !== undefined) return found.instrument as Instrument;
    const isOverflow = attributes["otel.metric.overflow"] !== undefined;
    if (this.#series.size >= this.#maxSeries && !isOverflow) {
      this.#sayOverflow(name);
      // One more for each metric: it has a service, of which there are few.
      return this.#find({ ...wanted, attributes: { "otel.metric.overflow": "true" } }, make);
    }
    const present = Object.entries(attributes).filter(([, value]) => value !== undefined);
    const own = Object.fromEntries(present) as Record<string, string | number>;
    const instrument = make();
    this.#series.set(key, { name, kind, unit, service, attributes: own, instrument });
    return instrument;
  }

  #sayOverflow(name: string): void {
    if (this.#overflowed) return;
    this.#overflowed = true;
    this.#log.warn(
      `There are more than ${this.#maxSeries} series of metrics: what comes new, such as of ${name}, is added up without its attributes.`,
    );
  }
}

/** A series that is asked for. */
interface Wanted {
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, string | number | undefined>>;
}

function known(name: MetricName): { kind: MetricKind; unit: string } {
  const { kind, unit } = metricMeanings[name];
  return { kind, unit };
}

function keyOf({ attributes, kind, name, service, unit }: Wanted): string {
  const parts = Object.keys(attributes)
    .toSorted()
    .map((each) => `${each}=${attributes[each]}`);
  return JSON.stringify([name, kind, unit, service, ...parts]);
}

function hasChanged(instrument: Histogram | Counter | Gauge): boolean {
  if (instrument instanceof Histogram) return instrument.count > 0;
  return instrument instanceof Counter ? instrument.value > 0 : instrument.value !== undefined;
}
