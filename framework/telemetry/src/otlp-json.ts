import type { resourceAttributes, SpanKind } from "./catalogue.ts";
import type { SpanBatch } from "./recorder.ts";
import type { Attributes, Span, SpanEvent, SpanTemplate } from "./span.ts";

/** Who records: what all spans of a program have in common. */
export interface Resource {
  readonly app: string;
  readonly environment: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  readonly instance: string;
}

// SpanKind and StatusCode of opentelemetry/proto/trace/v1/trace.proto.
const kinds: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const failedStatus = 2;

/** The text around what differs from span to span, made once for a template. */
interface Frame {
  readonly head: string;
  readonly attributes: string;
}

/**
 * Writes batches as an ExportTraceServiceRequest in OTLP's JSON: ids in hex, times as decimal nanoseconds in strings, enums as
 * numbers. By hand, since at full load this is most of what a span costs: about a third of JSON.stringify's time.
 */
export class OtlpJson {
  readonly #resource: Resource;
  readonly #frames = new WeakMap<SpanTemplate, Frame>();
  #second = -1;
  #secondText = "";

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** The body of a request; spans of each service stand under a resource of their own. */
  encode({ spans, epochMs }: SpanBatch): string {
    const byService = new Map<string, string>();
    for (const span of spans) {
      const { service } = span.of;
      const before = byService.get(service);
      const text = this.#span(span, epochMs);
      byService.set(service, before === undefined ? text : `${before},${text}`);
    }
    const resources = [...byService].map(
      ([service, text]) =>
        `{"resource":{"attributes":${this.#resourceOf(service)}},"scopeSpans":[{"scope":{"name":"kerf"},"spans":[${text}]}]}`,
    );
    return `{"resourceSpans":[${resources.join(",")}]}`;
  }

  #span(span: Span, epochMs: number): string {
    const { trace } = span;
    const frame = this.#frameOf(span.of);
    const parent = trace.parentId === undefined ? "" : `","parentSpanId":"${trace.parentId}`;
    const text = `${frame.head}${trace.traceId}","spanId":"${trace.spanId}${parent}","startTimeUnixNano":"${this.#nanos(epochMs + span.startedAt)}","endTimeUnixNano":"${this.#nanos(epochMs + span.endedAt)}","attributes":[${frame.attributes}`;
    if (
      span.attributes === undefined &&
      span.events === undefined &&
      !span.failed &&
      trace.state === undefined
    )
      return `${text}]}`;
    return text + this.#rest(span, frame, epochMs);
  }

  /** What most spans do not have. */
  #rest({ attributes, events, failed, trace }: Span, frame: Frame, epochMs: number): string {
    let text = "";
    if (attributes !== undefined) {
      const own = attributeList(attributes);
      if (own !== "" && frame.attributes !== "") text += ",";
      text += own;
    }
    text += "]";
    if (events !== undefined)
      text += `,"events":[${events.map((event) => this.#event(event, epochMs)).join(",")}]`;
    if (trace.state !== undefined) text += `,"traceState":${JSON.stringify(trace.state)}`;
    if (failed) text += `,"status":{"code":${failedStatus}}`;
    return `${text}}`;
  }

  #event({ name, at, attributes }: SpanEvent, epochMs: number): string {
    return `{"timeUnixNano":"${this.#nanos(epochMs + at)}","name":"${name}","attributes":[${attributeList(attributes)}]}`;
  }

  /** Microseconds are what clocks tell. The second's digits are kept, since most times of a batch share them. */
  #nanos(ms: number): string {
    const micros = Math.round(ms * 1_000);
    const second = Math.floor(micros / 1_000_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#secondText = String(second);
    }
    return `${this.#secondText}${String(1_000_000 + (micros - second * 1_000_000)).slice(1)}000`;
  }

  #frameOf(template: SpanTemplate): Frame {
    let frame = this.#frames.get(template);
    if (frame === undefined) {
      frame = {
        head: `{"name":${JSON.stringify(template.name)},"kind":${kinds[template.kind]},"traceId":"`,
        attributes: attributeList(template.attributes),
      };
      this.#frames.set(template, frame);
    }
    return frame;
  }

  #resourceOf(service: string): string {
    const { app, environment, instance, unit } = this.#resource;
    const attributes: Record<keyof typeof resourceAttributes, string> = {
      "service.name": service,
      "service.namespace": app,
      "service.instance.id": instance,
      "deployment.environment.name": environment,
      "kerf.unit": unit,
    };
    return `[${Object.entries(attributes)
      .map(([key, value]) => attribute(key, value))
      .join(",")}]`;
  }
}

function attributeList(attributes: Attributes): string {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => attribute(key, value as string | number))
    .join(",");
}

function attribute(key: string, value: string | number): string {
  const typed =
    typeof value === "string"
      ? `"stringValue":${JSON.stringify(value)}`
      : Number.isSafeInteger(value)
        ? `"intValue":"${value}"`
        : `"doubleValue":${value}`;
  return `{"key":"${key}","value":{${typed}}}`;
}
