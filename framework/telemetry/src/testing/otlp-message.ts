import { parse, type Type } from "protobufjs";

// What is used of opentelemetry-proto 1.x (opentelemetry/proto/{collector/{trace,metrics},trace,metrics,common,resource}/v1), for a decoder that is
// not ours.
const { root } = parse(
  `
  syntax = "proto3";
  message ArrayValue { repeated AnyValue values = 1; }
  message AnyValue {
    oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; ArrayValue array_value = 5; }
  }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message InstrumentationScope { string name = 1; }
  message Status { string message = 2; int32 code = 3; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Link { bytes trace_id = 1; bytes span_id = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
    string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13; Status status = 15;
  }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message Exemplar { fixed64 time_unix_nano = 2; double as_double = 3; bytes span_id = 4; bytes trace_id = 5; }
  message NumberPoint {
    repeated KeyValue attributes = 7; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; double as_double = 4;
  }
  message HistogramPoint {
    repeated KeyValue attributes = 9; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4;
    double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated Exemplar exemplars = 8;
  }
  message Gauge { repeated NumberPoint data_points = 1; }
  message Sum { repeated NumberPoint data_points = 1; int32 aggregation_temporality = 2; bool is_monotonic = 3; }
  message Histogram { repeated HistogramPoint data_points = 1; int32 aggregation_temporality = 2; }
  message Metric { string name = 1; string unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
  message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
  message Partial { int64 rejected_spans = 1; string error_message = 2; }
  message ExportTraceServiceResponse { Partial partial_success = 1; }
`,
);
const requests = root.lookupType("ExportTraceServiceRequest");
const metricRequests = root.lookupType("ExportMetricsServiceRequest");
const responses = root.lookupType("ExportTraceServiceResponse");

/** An attribute as it arrived; whole numbers as text. */
export interface ReceivedAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: string;
    readonly doubleValue?: number;
    readonly boolValue?: boolean;
    readonly arrayValue?: { readonly values: readonly ReceivedAttribute["value"][] };
  };
}

/** A span as it arrived; ids in hex, times as text. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes?: readonly ReceivedAttribute[];
  readonly status?: { readonly code?: number };
  readonly events?: readonly {
    readonly name: string;
    readonly timeUnixNano: string;
    readonly attributes?: readonly ReceivedAttribute[];
  }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly traceState?: string;
}

/** An ExportTraceServiceRequest. */
export interface ReceivedBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly ReceivedAttribute[] };
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string };
      readonly spans: readonly ReceivedSpan[];
    }[];
  }[];
}

/** A point of a metric as it arrived; whole numbers and times as text, ids in hex. */
export interface ReceivedPoint {
  readonly attributes?: readonly ReceivedAttribute[];
  readonly startTimeUnixNano?: string;
  readonly timeUnixNano: string;
  /** Of sums and gauges. */
  readonly asDouble?: number;
  /** Of histograms. */
  readonly count?: string;
  readonly sum?: number;
  readonly bucketCounts?: readonly string[];
  readonly explicitBounds?: readonly number[];
  readonly exemplars?: readonly {
    readonly timeUnixNano: string;
    readonly asDouble: number;
    readonly spanId: string;
    readonly traceId: string;
  }[];
}

/** A metric as it arrived. */
export interface ReceivedMetric {
  /** `service.name` of its resource. */
  readonly service: string;
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram";
  readonly points: readonly ReceivedPoint[];
  /** 1: delta. */
  readonly temporality: number | undefined;
}

/** Decodes a request. Throws for what is none. */
export function decodeTraces(body: Uint8Array): ReceivedBody {
  return decode(requests, body) as ReceivedBody;
}

/** Decodes a request with metrics. Throws for what is none. */
export function decodeMetrics(body: Uint8Array): ReceivedMetric[] {
  const { resourceMetrics } = decode(metricRequests, body) as {
    resourceMetrics: readonly {
      resource: { attributes: readonly ReceivedAttribute[] };
      scopeMetrics: readonly { metrics: readonly Record<string, any>[] }[];
    }[];
  };
  return resourceMetrics.flatMap(({ resource, scopeMetrics }) => {
    const service = resource.attributes.find(({ key }) => key === "service.name");
    return scopeMetrics.flatMap(({ metrics }) =>
      metrics.map(({ name, unit, ...data }) => {
        const kind =
          (["gauge", "sum", "histogram"] as const).find((each) => each in data) ?? "gauge";
        const { aggregationTemporality: temporality, dataPoints: points } = data[kind];
        return { service: service?.value.stringValue ?? "", name, unit, kind, points, temporality };
      }),
    );
  });
}

function decode(type: Type, body: Uint8Array): unknown {
  const plain = type.toObject(type.decode(body), { longs: String, bytes: Buffer });
  const inHex = (_key: string, value: unknown): unknown =>
    isBuffer(value) ? Buffer.from(value.data).toString("hex") : value;
  return JSON.parse(JSON.stringify(plain), inHex) as unknown;
}

/** The answer of a backend that takes a batch in part. */
export function partialSuccess(rejectedSpans: number, errorMessage: string): Uint8Array {
  return responses.encode({ partialSuccess: { rejectedSpans, errorMessage } }).finish();
}

function isBuffer(value: unknown): value is { data: number[] } {
  return (value as { type?: unknown } | null)?.type === "Buffer";
}
