import { explicitBuckets, exponentialBuckets, maxBuckets } from "../metrics/buckets.ts";
import {
  asObject,
  attributesOf,
  type Json,
  listIn,
  microsOf,
  numberOf,
  recordsOf,
  textOf,
} from "./json-values.ts";
import type { Metric, MetricSink } from "./metric.ts";
import type { ReceivedExemplar } from "./received.ts";
import { malformed } from "./wire-reader.ts";

const kinds = {
  gauge: "gauge",
  sum: "sum",
  histogram: "histogram",
  exponentialHistogram: "exponential",
  summary: "summary",
} as const;
const nothingRecorded = 1;

/** Reads an ExportMetricsServiceRequest in JSON. Throws `invalid_input` for what is none. */
export function readMetricsJson(body: Buffer, sink: MetricSink): void {
  for (const [resource, metric] of recordsOf(body, "resourceMetrics", "scopeMetrics", "metrics")) {
    for (const [field, kind] of Object.entries(kinds)) {
      if (metric[field] === undefined) continue;
      const data = asObject(metric[field]);
      const common = {
        name: textOf(metric["name"] ?? ""),
        unit: textOf(metric["unit"] ?? ""),
        kind,
        temporality: numberOf(data["aggregationTemporality"] ?? 0),
        monotonic: data["isMonotonic"] === true,
      };
      for (const point of listIn(data, "dataPoints")) {
        if ((numberOf(point["flags"] ?? 0) & nothingRecorded) === 0)
          sink(resource, { ...common, ...readPoint(point, kind) });
      }
    }
  }
}

type Point = Omit<Metric, "name" | "unit" | "kind" | "temporality" | "monotonic">;

function readPoint(point: Json, kind: Metric["kind"]): Point {
  const isHistogram = kind === "histogram" || kind === "exponential";
  return {
    attributes: attributesOf(point["attributes"]) ?? {},
    exemplars: listIn(point, "exemplars").map(exemplarOf),
    startedAt: microsOf(point["startTimeUnixNano"]),
    at: microsOf(point["timeUnixNano"]),
    value: isHistogram ? numberOf(point["sum"] ?? 0) : valueOf(point),
    count: isHistogram ? numberOf(point["count"] ?? 0) : undefined,
    buckets:
      kind === "histogram"
        ? explicitBuckets(numbersIn(point, "explicitBounds"), numbersIn(point, "bucketCounts"))
        : kind === "exponential"
          ? exponentialBuckets({
              scale: numberOf(point["scale"] ?? 0),
              zeros: numberOf(point["zeroCount"] ?? 0),
              zeroThreshold: numberOf(point["zeroThreshold"] ?? 0),
              positive: sideOf(point["positive"]),
              negative: sideOf(point["negative"]),
            })
          : undefined,
  };
}

function valueOf(point: Json): number {
  const { asDouble, asInt } = point;
  return numberOf(asDouble ?? asInt ?? 0);
}

function sideOf(side: unknown): { offset: number; counts: number[] } {
  const given = asObject(side ?? {});
  return { offset: numberOf(given["offset"] ?? 0), counts: numbersIn(given, "bucketCounts") };
}

function exemplarOf(exemplar: Json): ReceivedExemplar {
  const traceId = textOf(exemplar["traceId"] ?? "");
  const spanId = textOf(exemplar["spanId"] ?? "");
  return {
    at: microsOf(exemplar["timeUnixNano"]),
    value: valueOf(exemplar),
    ...(traceId === "" ? undefined : { traceId }),
    ...(spanId === "" ? undefined : { spanId }),
  };
}

function numbersIn(object: Json, name: string): number[] {
  const list = object[name];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw malformed(`${name} is no list`);
  if (list.length > maxBuckets) throw malformed(`${name} has more than ${maxBuckets} numbers`);
  return list.map(numberOf);
}
