import type {
  Attributes,
  Bucket,
  ReceivedExemplar,
  ReceivedPoint,
  ReceivedSink,
} from "./received.ts";

/** One data point with its metric, before it is known whether it can be kept. */
export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram" | "exponential" | "summary";
  /** 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly monotonic: boolean;
  readonly attributes: Attributes;
  readonly exemplars: readonly ReceivedExemplar[];
  readonly startedAt: number;
  readonly at: number;
  readonly value: number;
  readonly count: number | undefined;
  /** Undefined for a histogram whose bounds and counts do not fit each other. */
  readonly buckets: readonly Bucket[] | undefined;
}

/** Takes the data points of a request. */
export type MetricSink = ReceivedSink<Metric>;

/** Exemplars of one point that are kept. */
const maxExemplars = 20;

/** A data point as it is kept, or why it is not. */
export function pointOf(metric: Metric): ReceivedPoint | string {
  const { at, attributes, buckets, count, exemplars, kind, monotonic, name, startedAt } = metric;
  if (name === "") return "a metric needs a name";
  if (kind === "summary")
    return "summaries are not kept: their quantiles cannot be added up; send a histogram";
  if (!(at > 0 && at <= Number.MAX_SAFE_INTEGER)) return "a point of a metric needs a time";
  if (!(startedAt >= 0 && startedAt <= at)) return "a point of a metric begins before it ends";
  if (!Number.isFinite(metric.value)) return "a point of a metric needs a number";
  const isHistogram = kind === "histogram" || kind === "exponential";
  if (isHistogram && (buckets === undefined || !isCount(count) || !buckets.every(isBucket)))
    return "a histogram needs a count, bounds that ascend, and one count more than bounds";
  const cumulative = kind !== "gauge" && metric.temporality === 2;
  return {
    name,
    unit: metric.unit,
    kind: isHistogram
      ? "histogram"
      : kind === "gauge"
        ? "gauge"
        : monotonic || !cumulative
          ? "counter"
          : "level",
    cumulative,
    attributes: Object.keys(attributes).length === 0 ? undefined : attributes,
    startedAt,
    at,
    value: metric.value,
    count: isHistogram ? count : undefined,
    buckets: isHistogram ? buckets : undefined,
    exemplars:
      exemplars.length === 0 ? undefined : exemplars.filter(isExemplar).slice(0, maxExemplars),
  };
}

function isCount(count: number | undefined): boolean {
  return count !== undefined && Number.isSafeInteger(count) && count >= 0;
}

function isBucket([, , count]: Bucket): boolean {
  return isCount(count);
}

function isExemplar({ at, value }: ReceivedExemplar): boolean {
  return Number.isFinite(at) && Number.isFinite(value);
}
