/** A value of an attribute; whole numbers beyond 2^53 as digits, bytes in base64. */
export type Value =
  | string
  | number
  | boolean
  | null
  | readonly Value[]
  | { readonly [key: string]: Value };

/** Attributes by name. */
export type Attributes = Readonly<Record<string, Value>>;

/** Who sent it: a service in one process. */
export interface ReceivedResource {
  readonly attributes: Attributes;
}

/** Something that happened within a span. */
export interface ReceivedEvent {
  readonly name: string;
  /** Microseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly attributes: Attributes;
}

/** A span as it arrived; times in microseconds since 1970-01-01 UTC. */
export interface ReceivedSpan {
  /** 16 and 8 bytes. */
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  /** Undefined for the first span of a trace. */
  readonly parentId: Buffer | undefined;
  readonly name: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failed: boolean;
  /** What its status says beside that. */
  readonly message: string | undefined;
  /** Undefined for none. */
  readonly attributes: Attributes | undefined;
  readonly events: readonly ReceivedEvent[] | undefined;
  /** Spans that it belongs to without being below them. */
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[] | undefined;
}

/** A line of a log as it arrived. */
export interface ReceivedLog {
  /** Microseconds since 1970-01-01 UTC. */
  readonly at: number;
  /** 1 to 24 (OpenTelemetry's SeverityNumber): 5 debug, 9 info, 13 warn, 17 error, 21 fatal; 0 for none. */
  readonly severity: number;
  readonly body: Value;
  readonly attributes: Attributes | undefined;
  readonly traceId: Buffer | undefined;
  readonly spanId: Buffer | undefined;
}

/**
 * What a metric is. `counter`: how much came to it. `level`: how much there is, of which the parts make a sum (connections). `gauge`: how much there
 * is, of which they do not (a temperature). `histogram`: how many there were of which size.
 */
export type MetricKind = "counter" | "level" | "gauge" | "histogram";

/** How many were greater than `low` and at most `high`; the outermost may be endless. */
export type Bucket = readonly [low: number, high: number, count: number];

/** One that was measured, with the span in which it was. */
export interface ReceivedExemplar {
  /** Microseconds since 1970-01-01 UTC. */
  readonly at: number;
  readonly value: number;
  /** In hex. */
  readonly traceId?: string;
  readonly spanId?: string;
}

/** A point of a metric as it arrived; times in microseconds since 1970-01-01 UTC. */
export interface ReceivedPoint {
  readonly name: string;
  /** As UCUM writes it. */
  readonly unit: string;
  readonly kind: MetricKind;
  /** Whether it counts from `startedAt` on, and not from the point before it. */
  readonly cumulative: boolean;
  readonly attributes: Attributes | undefined;
  /** 0 when it is not said. */
  readonly startedAt: number;
  readonly at: number;
  /** Of a histogram the sum of what was measured. */
  readonly value: number;
  /** Of a histogram. */
  readonly count: number | undefined;
  /** Of a histogram those that are not empty, ascending. */
  readonly buckets: readonly Bucket[] | undefined;
  readonly exemplars: readonly ReceivedExemplar[] | undefined;
}

/** Takes what a request holds, one after the other. */
export interface ReceivedSink<What> {
  (resource: ReceivedResource, what: What): void;
}
