import { KerfError } from "@kerf/kernel";
import type { ReceivedExemplar } from "../otlp/received.ts";
import { parseQuery } from "../query/parse-query.ts";
import type { Period } from "../query/spans.ts";
import { toSql } from "../query/to-sql.ts";
import type { Segments } from "../segments/segments.ts";
import { Histogram } from "./histogram.ts";
import { type Increase, readIncreases, type Series, type Taker } from "./increases.ts";

/** Series of one answer, and steps of each: what a chart can show. */
const maxSeries = 200;
const maxSteps = 2_000;
/** Without another word a chart has so many steps. */
const defaultSteps = 60;
/** Exemplars of one series that are answered. */
const maxExemplars = 100;
const shares = [0.5, 0.95, 0.99];

/** What of a metric is asked for. */
export interface MetricSearch extends Period {
  readonly name: string;
  /** Which series: `service:payments @rpc.method:charge`. */
  readonly query: string;
  /** `service`, `unit`, `release`, `instance`, or names of attributes: series that have them in common become one. */
  readonly by: readonly string[];
  readonly stepMs: number | undefined;
  /** Of a histogram: how many values were not above each of these, in the metric's unit. Default none. */
  readonly bounds?: readonly number[];
  /** Most series of the answer. Default 200: what a chart can show. */
  readonly limit?: number | undefined;
}

/** What happened within one step. Steps in which nothing did are left out. */
export interface MetricPoint {
  /** Where the step begins, milliseconds since 1970-01-01 UTC. */
  readonly at: number;
  /** How many were measured; of a counter by how much it grew. */
  readonly count?: number;
  /** Of a histogram, in the metric's unit. */
  readonly sum?: number;
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  /** How many were not above each bound that was asked for. */
  readonly below?: readonly number[];
  /** How much there was at the end of the step: of a level of all series together, of a gauge on average; and the most of a single one. */
  readonly value?: number;
  readonly max?: number;
}

/** A metric over time. */
export interface FoundMetric {
  /** Those with most in them first. */
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly points: readonly MetricPoint[];
    /** `at` in milliseconds since 1970-01-01 UTC. */
    readonly exemplars: readonly ReceivedExemplar[];
  }[];
  readonly unit: string;
  readonly stepMs: number;
  /** Whether more was there than could be read or answered. */
  readonly truncated: boolean;
}

/** A metric over time. Throws `invalid_input` for a query that cannot be read. */
export function searchMetric(segments: Segments, asked: MetricSearch): FoundMetric {
  const { bounds = [], by, from, limit = maxSeries, name, query, to } = asked;
  if (name === "") {
    throw new KerfError("invalid_input", {
      message: "It is not said which metric.",
      fix: "Give its name: kerf.server.duration",
    });
  }
  const step = Math.max(
    1_000,
    Math.ceil((to - from) / maxSteps),
    asked.stepMs ?? Math.ceil((to - from) / defaultSteps / 1_000) * 1_000,
  );
  const condition = toSql("series", parseQuery(query));
  const groups = new Map<string, Group>();
  let unit = "";
  const { truncated } = readIncreases(segments, { name, condition, from, to }, (series) => {
    unit = series.unit;
    const labels = Object.fromEntries(by.map((label) => [label, labelOf(series, label)]));
    const key = JSON.stringify(labels);
    const group = groups.get(key) ?? new Group(labels, step, bounds);
    groups.set(key, group);
    return group.takerOf(series);
  });
  const all = [...groups.values()].filter((group) => !group.isEmpty);
  all.sort((one, other) => other.weight - one.weight);
  return {
    series: all.slice(0, limit).map((group) => group.found()),
    unit,
    stepMs: step,
    truncated: truncated || all.length > limit,
  };
}

/** What a series says about itself under a name; empty when it says nothing. */
export function labelOf(series: Series, label: string): string {
  const { attributes, instance, programUnit, release, resource, service } = series;
  const own: Readonly<Record<string, unknown>> = {
    service,
    unit: programUnit,
    release,
    instance,
  };
  const value = own[label] ?? attributes[label] ?? resource[label];
  return value === undefined || value === null
    ? ""
    : typeof value === "string"
      ? value
      : JSON.stringify(value);
}

interface Step {
  count: number;
  histogram?: Histogram;
  /** What each of the series has last said. */
  levels?: Map<Series, number>;
}

/** Series that become one. */
class Group {
  readonly #labels: Readonly<Record<string, string>>;
  readonly #stepMs: number;
  readonly #bounds: readonly number[];
  readonly #steps = new Map<number, Step>();
  readonly #exemplars: ReceivedExemplar[] = [];
  #isLevel = false;
  /** How much is in it. */
  weight = 0;

  constructor(labels: Readonly<Record<string, string>>, stepMs: number, bounds: readonly number[]) {
    this.#labels = labels;
    this.#bounds = bounds;
    this.#stepMs = stepMs;
  }

  get isEmpty(): boolean {
    return this.#steps.size === 0;
  }

  takerOf(series: Series): Taker {
    const { kind } = series;
    if (kind === "level") this.#isLevel = true;
    return (increase) => {
      const at = Math.floor(increase.at / this.#stepMs) * this.#stepMs;
      const step = this.#steps.get(at) ?? { count: 0 };
      this.#steps.set(at, step);
      if (kind === "histogram") {
        (step.histogram ??= new Histogram()).add(increase.buckets, increase.count, increase.value);
        this.weight += increase.count;
      } else if (kind === "counter") {
        step.count += increase.value;
        this.weight += increase.value;
      } else {
        (step.levels ??= new Map()).set(series, increase.value);
        this.weight += Math.abs(increase.value);
      }
      this.#keep(increase);
    };
  }

  found(): FoundMetric["series"][number] {
    const points = [...this.#steps]
      .sort(([one], [other]) => one - other)
      .map(([at, step]): MetricPoint => ({ at, ...this.#pointOf(step) }));
    return { labels: this.#labels, points, exemplars: this.#exemplars };
  }

  #pointOf({ count, histogram, levels }: Step): Omit<MetricPoint, "at"> {
    if (histogram !== undefined) {
      const [p50, p95, p99] = histogram.quantiles(shares);
      return {
        count: histogram.count,
        sum: histogram.sum,
        ...(p50 === undefined || p95 === undefined || p99 === undefined
          ? undefined
          : { p50, p95, p99 }),
        ...(this.#bounds.length === 0
          ? undefined
          : { below: this.#bounds.map((bound) => histogram.below(bound)) }),
      };
    }
    if (levels === undefined) return { count };
    const values = [...levels.values()];
    const sum = values.reduce((total, value) => total + value, 0);
    return { value: this.#isLevel ? sum : sum / values.length, max: Math.max(...values) };
  }

  /** Those without a trace lead nowhere. Of too many the smallest go: they are asked for because of the slow ones. */
  #keep({ exemplars }: Increase): void {
    for (const exemplar of exemplars) {
      if (exemplar.traceId !== undefined)
        this.#exemplars.push({ ...exemplar, at: exemplar.at / 1_000 });
    }
    if (this.#exemplars.length <= maxExemplars * 2) return;
    this.#exemplars.sort((one, other) => other.value - one.value).splice(maxExemplars);
  }
}
