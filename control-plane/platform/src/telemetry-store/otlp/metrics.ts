import { explicitBuckets, exponentialBuckets, maxBuckets } from "../metrics/buckets.ts";
import { readAttribute } from "./attributes.ts";
import type { Metric, MetricSink } from "./metric.ts";
import type { Bucket, ReceivedExemplar, Value } from "./received.ts";
import { readRecords } from "./records.ts";
import { type WireReader, wire } from "./wire-reader.ts";

// Numbers of fields: opentelemetry/proto/collector/metrics/v1/metrics_service.proto and opentelemetry/proto/metrics/v1/metrics.proto.

const kindsOfFields = {
  5: "gauge",
  7: "sum",
  9: "histogram",
  10: "exponential",
  11: "summary",
} as const;
/** Of a data point: it says that nothing was recorded. */
const nothingRecorded = 1;

/** Reads an ExportMetricsServiceRequest in protobuf. Throws `invalid_input` for what is none. */
export function readMetrics(body: Buffer, sink: MetricSink): void {
  readRecords(body, (resource, metric) => readMetric(metric, (read) => sink(resource, read)));
}

function readMetric(reader: WireReader, each: (metric: Metric) => void): void {
  let name = "";
  let unit = "";
  let data: WireReader | undefined;
  let kind: Metric["kind"] = "summary";
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) name = reader.text();
    else if (field === 3) unit = reader.text();
    else if (field in kindsOfFields) {
      kind = kindsOfFields[field as keyof typeof kindsOfFields];
      data = reader.message();
    } else reader.skip();
  }
  if (data === undefined) return;
  const points: WireReader[] = [];
  let [temporality, monotonic] = [0, false];
  for (let field = data.next(); field !== 0; field = data.next()) {
    if (field === 1) points.push(data.message());
    else if (field === 2) temporality = data.varint();
    else if (field === 3) monotonic = data.varint() !== 0;
    else data.skip();
  }
  for (const point of points) {
    const read = kind === "exponential" ? readExponential(point) : readPoint(point, kind);
    if (read !== undefined) each({ name, unit, kind, temporality, monotonic, ...read });
  }
}

type Point = Omit<Metric, "name" | "unit" | "kind" | "temporality" | "monotonic">;

/** NumberDataPoint and HistogramDataPoint have most numbers in common. */
function readPoint(reader: WireReader, kind: Metric["kind"]): Point | undefined {
  const isHistogram = kind === "histogram";
  const attributes: Record<string, Value> = {};
  const exemplars: ReceivedExemplar[] = [];
  const counts: number[] = [];
  const bounds: number[] = [];
  let [startedAt, at, value, flags] = [0, 0, 0, 0];
  let count: number | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) startedAt = reader.micros();
    else if (field === 3) at = reader.micros();
    else if (field === (isHistogram ? 9 : 7)) readAttribute(reader.message(), attributes);
    else if (field === (isHistogram ? 8 : 5) && kind !== "summary")
      exemplars.push(readExemplar(reader.message()));
    else if (field === (isHistogram ? 10 : 8)) flags = reader.varint();
    else if (isHistogram && field === 4) count = reader.fixed64();
    else if (isHistogram && field === 5) value = reader.double();
    else if (isHistogram && field === 6)
      reader.repeated(counts, maxBuckets, (one) => one.fixed64(), wire.fixed64);
    else if (isHistogram && field === 7)
      reader.repeated(bounds, maxBuckets, (one) => one.double(), wire.fixed64);
    else if (!isHistogram && kind !== "summary" && field === 4) value = reader.double();
    else if (!isHistogram && kind !== "summary" && field === 6) value = reader.sfixed64();
    else reader.skip();
  }
  if ((flags & nothingRecorded) !== 0) return undefined;
  const buckets = isHistogram ? explicitBuckets(bounds, counts) : undefined;
  return { attributes, exemplars, startedAt, at, value, count, buckets };
}

function readExponential(reader: WireReader): Point | undefined {
  const attributes: Record<string, Value> = {};
  const exemplars: ReceivedExemplar[] = [];
  const none = { offset: 0, counts: [] as number[] };
  let [positive, negative] = [none, none];
  let [startedAt, at, value, flags, count, scale, zeros, zeroThreshold] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) readAttribute(reader.message(), attributes);
    else if (field === 2) startedAt = reader.micros();
    else if (field === 3) at = reader.micros();
    else if (field === 4) count = reader.fixed64();
    else if (field === 5) value = reader.double();
    else if (field === 6) scale = reader.zigzag();
    else if (field === 7) zeros = reader.fixed64();
    else if (field === 8) positive = readSide(reader.message());
    else if (field === 9) negative = readSide(reader.message());
    else if (field === 10) flags = reader.varint();
    else if (field === 11) exemplars.push(readExemplar(reader.message()));
    else if (field === 14) zeroThreshold = reader.double();
    else reader.skip();
  }
  if ((flags & nothingRecorded) !== 0) return undefined;
  const buckets: Bucket[] = exponentialBuckets({ scale, zeros, zeroThreshold, positive, negative });
  return { attributes, exemplars, startedAt, at, value, count, buckets };
}

function readSide(reader: WireReader): { offset: number; counts: number[] } {
  let offset = 0;
  const counts: number[] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) offset = reader.zigzag();
    else if (field === 2) reader.repeated(counts, maxBuckets, (one) => one.varint(), wire.varint);
    else reader.skip();
  }
  return { offset, counts };
}

function readExemplar(reader: WireReader): ReceivedExemplar {
  let [at, value, traceId, spanId] = [0, 0, "", ""];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 2) at = reader.micros();
    else if (field === 3) value = reader.double();
    else if (field === 6) value = reader.sfixed64();
    else if (field === 4) spanId = reader.bytes().toString("hex");
    else if (field === 5) traceId = reader.bytes().toString("hex");
    else reader.skip();
  }
  return {
    at,
    value,
    ...(traceId === "" ? undefined : { traceId }),
    ...(spanId === "" ? undefined : { spanId }),
  };
}
