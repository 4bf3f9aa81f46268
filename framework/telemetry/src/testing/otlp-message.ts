import { parse } from "protobufjs";

// What is used of opentelemetry-proto 1.x (opentelemetry/proto/{collector/trace,trace,common,resource}/v1), for a decoder that is
// not ours.
const { root } = parse(
  `
  syntax = "proto3";
  message AnyValue { oneof value { string string_value = 1; int64 int_value = 3; double double_value = 4; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message InstrumentationScope { string name = 1; }
  message Status { string message = 2; int32 code = 3; }
  message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
    string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15;
  }
  message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
  message Partial { int64 rejected_spans = 1; string error_message = 2; }
  message ExportTraceServiceResponse { Partial partial_success = 1; }
`,
);
const requests = root.lookupType("ExportTraceServiceRequest");
const responses = root.lookupType("ExportTraceServiceResponse");

/** An attribute as it arrived; whole numbers as text. */
export interface ReceivedAttribute {
  readonly key: string;
  readonly value: {
    readonly stringValue?: string;
    readonly intValue?: string;
    readonly doubleValue?: number;
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

/** Decodes a request. Throws for what is none. */
export function decodeTraces(body: Uint8Array): ReceivedBody {
  const plain = requests.toObject(requests.decode(body), { longs: String, bytes: Buffer });
  const inHex = (_key: string, value: unknown): unknown =>
    isBuffer(value) ? Buffer.from(value.data).toString("hex") : value;
  return JSON.parse(JSON.stringify(plain), inHex) as ReceivedBody;
}

/** The answer of a backend that takes a batch in part. */
export function partialSuccess(rejectedSpans: number, errorMessage: string): Uint8Array {
  return responses.encode({ partialSuccess: { rejectedSpans, errorMessage } }).finish();
}

function isBuffer(value: unknown): value is { data: number[] } {
  return (value as { type?: unknown } | null)?.type === "Buffer";
}
