import { ByteWriter } from "../byte-writer.ts";
import { type EncodedBatch, attributeFields, type Resource, resourceOf } from "../otlp-encoder.ts";
import { messageField, messageHead, numberField, textField } from "../protobuf.ts";
import { Gauge, Histogram } from "./histogram.ts";
import type { Series } from "./metrics.ts";

// Numbers of fields: opentelemetry/proto/metrics/v1/metrics.proto, and the collector's metrics_service.proto.
const request = { resourceMetrics: 1 } as const;
const resourceMetrics = { scopeMetrics: 2 } as const;
const scopeMetrics = { scope: 1, metrics: 2 } as const;
const metricField = { name: 1, unit: 3, gauge: 5, sum: 7, histogram: 9 } as const;
const dataField = { points: 1, temporality: 2, isMonotonic: 3 } as const;
const pointField = { attributes: { histogram: 9, number: 7 }, bounds: 7 } as const;
const exemplarField = 8;
const deltaTemporality = 1;
/** Tags of fields with eight bytes (wire type 1), and of bytes. */
const tag = {
  start: 0x11,
  time: 0x19,
  number: 0x21,
  count: 0x21,
  sum: 0x29,
  buckets: 0x32,
  value: 0x19,
  spanId: 0x22,
  traceId: 0x2a,
} as const;
const scopeBytes = messageField(scopeMetrics.scope, textField(1, "kerf"));
/** Of each list of bounds, of which a program has few. */
const encodedBounds = new WeakMap<readonly number[], Buffer>();

/** Writes metrics as an ExportMetricsServiceRequest in protobuf. */
export class MetricsEncoder {
  readonly #resource: Resource;
  readonly #attributes = new WeakMap<Series, Buffer>();

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** The body of a request; times in Unix milliseconds, `epochMs` of the monotonic clock's zero. */
  encode(series: readonly Series[], since: number, now: number, epochMs: number): EncodedBatch {
    const pieces: Uint8Array[] = [];
    for (const [service, own] of Map.groupBy(series, (each) => each.service)) {
      const byMetric = Map.groupBy(own, ({ kind, name, unit }) => `${name} ${kind} ${unit}`);
      const metrics = [...byMetric.values()].map((points) =>
        metricOf(
          points[0] as Series,
          points.map((each) => this.#pointOf(each, since, now, epochMs)),
        ),
      );
      const scoped = [scopeBytes, ...metrics];
      const parts = [
        resourceOf(this.#resource, service),
        messageHead(resourceMetrics.scopeMetrics, scoped),
        ...scoped,
      ];
      pieces.push(messageHead(request.resourceMetrics, parts), ...parts);
    }
    return {
      items: series.length,
      pieces,
      bytes: pieces.reduce((sum, { length }) => sum + length, 0),
      giveBack() {},
    };
  }

  #pointOf(series: Series, since: number, now: number, epochMs: number): Buffer {
    const { instrument } = series;
    const own = this.#attributesOf(series);
    const to = new ByteWriter(256);
    to.reserve(512 + own.length);
    to.bytes(own);
    if (!(instrument instanceof Gauge)) {
      to.byte(tag.start);
      to.nanos(since * 1_000);
    }
    to.byte(tag.time);
    to.nanos(now * 1_000);
    if (!(instrument instanceof Histogram)) {
      to.byte(tag.number);
      to.double(instrument.value ?? 0);
      return messageField(dataField.points, to.written);
    }
    to.byte(tag.count);
    to.fixed64(instrument.count);
    to.byte(tag.sum);
    to.double(instrument.sum);
    to.byte(tag.buckets);
    to.varint(instrument.counts.length * 8);
    for (const count of instrument.counts) to.fixed64(count);
    const bounds = boundsOf(instrument.bounds);
    to.reserve(bounds.length);
    to.bytes(bounds);
    const exemplars = instrument.exemplars.map(({ at, trace, value }) => {
      const one = new ByteWriter(64);
      one.byte(tag.start);
      one.nanos(Math.round((epochMs + at) * 1_000));
      one.byte(tag.value);
      one.double(value);
      one.byte(tag.spanId);
      one.byte(8);
      one.spanId(trace);
      one.byte(tag.traceId);
      one.byte(16);
      one.traceId(trace);
      return messageField(exemplarField, one.written);
    });
    return messageField(dataField.points, to.written, ...exemplars);
  }

  #attributesOf(series: Series): Buffer {
    let known = this.#attributes.get(series);
    if (known === undefined) {
      const { attributes, instrument } = series;
      const kind = instrument instanceof Histogram ? "histogram" : "number";
      known = Buffer.concat(attributeFields(pointField.attributes[kind], attributes));
      this.#attributes.set(series, known);
    }
    return known;
  }
}

function metricOf({ kind, name, unit }: Series, points: readonly Buffer[]): Buffer {
  const temporality = numberField(dataField.temporality, deltaTemporality);
  const data = {
    histogram: () => messageField(metricField.histogram, ...points, temporality),
    counter: () =>
      messageField(metricField.sum, ...points, temporality, numberField(dataField.isMonotonic, 1)),
    gauge: () => messageField(metricField.gauge, ...points),
  };
  return messageField(
    scopeMetrics.metrics,
    textField(metricField.name, name),
    textField(metricField.unit, unit),
    data[kind](),
  );
}

function boundsOf(bounds: readonly number[]): Buffer {
  let encoded = encodedBounds.get(bounds);
  if (encoded === undefined) {
    const doubles = new ByteWriter(Math.max(8, bounds.length * 8));
    doubles.reserve(bounds.length * 8);
    for (const bound of bounds) doubles.double(bound);
    encoded = messageField(pointField.bounds, doubles.written);
    encodedBounds.set(bounds, encoded);
  }
  return encoded;
}
