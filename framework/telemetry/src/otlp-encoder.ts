import type { Trace } from "@kerf/kernel";
import { ByteWriter } from "./byte-writer.ts";
import type { resourceAttributes, SpanKind } from "./catalogue.ts";
import { doubleField, messageField, messageHead, numberField, textField } from "./protobuf.ts";
import type {
  AnyAttributes,
  Attributes,
  AttributeValue,
  OwnTemplate,
  Span,
  SpanEvent,
  SpanTemplate,
} from "./span.ts";

/** Who records: what all spans of a program have in common. */
export interface Resource {
  readonly app: string;
  readonly environment: string;
  /** A unit's name, or `gateway:NAME`. */
  readonly unit: string;
  readonly instance: string;
  /** Number of the unit's release; undefined where it runs from source. */
  readonly release?: number | undefined;
}

// Numbers of fields and kinds: opentelemetry/proto/trace/v1/trace.proto, common/v1/common.proto, and the collector's
// trace_service.proto, whose request has the same one field as TracesData.
const request = { resourceSpans: 1 } as const;
const resourceSpans = { resource: 1, scopeSpans: 2 } as const;
const resourceField = { attributes: 1 } as const;
const scopeSpans = { scope: 1, spans: 2 } as const;
const scope = { name: 1 } as const;
const spanField = {
  traceState: 3,
  name: 5,
  kind: 6,
  attributes: 9,
  events: 11,
  links: 13,
  status: 15,
} as const;
const eventField = { name: 2, attributes: 3 } as const;
/** Bytes of a link: two ids with their tags and lengths. */
const linkBytes = 18 + 10;
const statusField = { message: 2, code: 3 } as const;
const keyValue = { key: 1, value: 2 } as const;
const anyValue = { text: 1, boolean: 2, integer: 3, double: 4, list: 5 } as const;
const listField = { values: 1 } as const;
const kinds: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const failedCode = 2;
/** Tags of what each span has: bytes of 1, 2 and 4, fixed64 of 7 and 8; of an event's time, fixed64 of 1; of a link, bytes of 1 and 2. */
const tag = {
  traceId: 0x0a,
  spanId: 0x12,
  parentId: 0x22,
  start: 0x39,
  end: 0x41,
  at: 0x09,
  linkTraceId: 0x0a,
  linkSpanId: 0x12,
} as const;
/** Bytes of ids and times with their tags and lengths, with and without a span above. */
const fixedBytes = 18 + 10 + 9 + 9;
const parentBytes = 10;
/** Tag and length of a span, at most. */
const headRoom = 6;
const spansTag = scopeSpans.spans * 8 + 2;

const scopeBytes = messageField(scopeSpans.scope, textField(scope.name, "kerf"));
/** Where a buffer begins, bytes; the batches of a busy program take about 700 kB. */
const firstRoom = 65_536;
const nothing = new Uint8Array();

/** Most buffers that are kept for use again: one is filled while one is sent, of a program with few services. */
const maxFree = 4;

/** What waits of one service. */
interface ServiceSpans {
  readonly resource: Buffer;
  spans: ByteWriter | undefined;
}

/** The body of a request, in the order in which its pieces are sent. */
export interface EncodedBatch {
  /** How many spans or series it holds. */
  readonly items: number;
  readonly pieces: readonly Uint8Array[];
  readonly bytes: number;
  /** Its buffers are written anew: only for whoever knows that nobody reads them any more. Without it they are garbage. */
  giveBack(): void;
}

/**
 * Writes spans as an ExportTraceServiceRequest in protobuf, OTLP's first encoding: a third of the bytes of its JSON, which is
 * what sending them costs. By hand and into one buffer for each service, since at full load this is most of what a span
 * costs; names and attributes that all spans of a place share are encoded once. Buffers are used again: a new one for each
 * batch makes the garbage collector look through everything every few batches, which costs as much as encoding.
 */
export class OtlpEncoder {
  readonly #resource: Resource;
  readonly #templates = new WeakMap<SpanTemplate | OwnTemplate, Buffer>();
  readonly #services = new Map<string, ServiceSpans>();
  readonly #free: ByteWriter[] = [];
  #spans = 0;

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  /** Writes one more span. */
  add(span: Span, epochMs: number): void {
    const { service } = span.of;
    let own = this.#services.get(service);
    if (own === undefined) {
      own = { resource: resourceOf(this.#resource, service), spans: undefined };
      this.#services.set(service, own);
    }
    this.#spans++;
    own.spans ??= this.#free.pop() ?? new ByteWriter(firstRoom);
    this.#write(own.spans, span, epochMs);
  }

  /** The body of a request with all spans since the last one; those of each service stand under a resource of their own. */
  take(): EncodedBatch {
    const pieces: Uint8Array[] = [];
    const writers: ByteWriter[] = [];
    for (const own of this.#services.values()) {
      const { resource, spans: writer } = own;
      if (writer === undefined) continue;
      own.spans = undefined;
      writers.push(writer);
      const scoped = [scopeBytes, writer.written];
      const parts = [resource, messageHead(resourceSpans.scopeSpans, scoped), ...scoped];
      pieces.push(messageHead(request.resourceSpans, parts), ...parts);
    }
    const spans = this.#spans;
    this.#spans = 0;
    return {
      items: spans,
      pieces,
      bytes: pieces.reduce((sum, { length }) => sum + length, 0),
      giveBack: () => {
        for (const writer of writers.splice(0)) {
          if (this.#free.length >= maxFree) return;
          writer.clear();
          this.#free.push(writer);
        }
      },
    };
  }

  #write(to: ByteWriter, span: Span, epochMs: number): void {
    const { attributes, endedAt, events, failed, links, of, startedAt, trace } = span;
    const shared = this.#sharedBy(of);
    const own =
      attributes === undefined &&
      events === undefined &&
      links === undefined &&
      !failed &&
      trace.state === undefined
        ? nothing
        : ownOf(span, epochMs);
    const length = fixedBytes + (trace.hasParent ? parentBytes : 0) + shared.length + own.length;
    to.reserve(headRoom + length);
    to.byte(spansTag);
    to.varint(length);
    to.byte(tag.traceId);
    to.byte(16);
    to.traceId(trace);
    to.byte(tag.spanId);
    to.byte(8);
    to.spanId(trace);
    if (trace.hasParent) {
      to.byte(tag.parentId);
      to.byte(8);
      to.parentId(trace);
    }
    to.byte(tag.start);
    to.nanos(micros(epochMs + startedAt));
    to.byte(tag.end);
    to.nanos(micros(epochMs + endedAt));
    to.bytes(shared);
    if (own.length > 0) to.bytes(own);
  }

  /** Name, kind and attributes of all spans of a template. */
  #sharedBy(template: SpanTemplate | OwnTemplate): Buffer {
    let shared = this.#templates.get(template);
    if (shared === undefined) {
      shared = Buffer.concat([
        textField(spanField.name, template.name),
        numberField(spanField.kind, kinds[template.kind]),
        ...attributeFields(spanField.attributes, template.attributes),
      ]);
      this.#templates.set(template, shared);
    }
    return shared;
  }
}

/** One service of a program; the field has the same number for spans and for metrics. */
export function resourceOf(
  { app, environment, instance, release, unit }: Resource,
  service: string,
): Buffer {
  const attributes: Partial<Record<keyof typeof resourceAttributes, string>> = {
    "service.name": service,
    "service.namespace": app,
    ...(release === undefined ? undefined : { "service.version": String(release) }),
    "service.instance.id": instance,
    "deployment.environment.name": environment,
    "kerf.unit": unit,
  };
  const fields = attributeFields(resourceField.attributes, attributes);
  return messageField(resourceSpans.resource, ...fields);
}

/** What clocks tell. */
function micros(ms: number): number {
  return Math.round(ms * 1_000);
}

/** What most spans do not have. */
function ownOf(span: Span, epochMs: number): Buffer {
  const { attributes = {}, events = [], failed, links = [], message, trace } = span;
  const parts = [
    ...attributeFields(spanField.attributes, attributes),
    ...events.map((event) => eventOf(event, epochMs)),
    ...links.map(linkTo),
  ];
  if (trace.state !== undefined) parts.push(textField(spanField.traceState, trace.state));
  if (failed) {
    const said = message === undefined ? [] : [textField(statusField.message, message)];
    parts.push(messageField(spanField.status, ...said, numberField(statusField.code, failedCode)));
  }
  return Buffer.concat(parts);
}

function eventOf({ name, at, attributes }: SpanEvent, epochMs: number): Buffer {
  const time = new ByteWriter(9);
  time.byte(tag.at);
  time.nanos(micros(epochMs + at));
  return messageField(
    spanField.events,
    time.written,
    textField(eventField.name, name),
    ...attributeFields(eventField.attributes, attributes),
  );
}

function linkTo(trace: Trace): Buffer {
  const ids = new ByteWriter(linkBytes);
  ids.byte(tag.linkTraceId);
  ids.byte(16);
  ids.traceId(trace);
  ids.byte(tag.linkSpanId);
  ids.byte(8);
  ids.spanId(trace);
  return messageField(spanField.links, ids.written);
}

/** Attributes as fields of that number. */
export function attributeFields(field: number, attributes: Attributes | AnyAttributes): Buffer[] {
  return Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) =>
      messageField(
        field,
        textField(keyValue.key, key),
        messageField(keyValue.value, valueOf(value as AttributeValue)),
      ),
    );
}

function valueOf(value: AttributeValue): Buffer {
  if (typeof value === "string") return textField(anyValue.text, value);
  if (typeof value === "boolean") return numberField(anyValue.boolean, value ? 1 : 0);
  if (typeof value === "object")
    return messageField(
      anyValue.list,
      ...value.map((one) => messageField(listField.values, valueOf(one))),
    );
  return Number.isSafeInteger(value) && value >= 0
    ? numberField(anyValue.integer, value)
    : doubleField(anyValue.double, value);
}
