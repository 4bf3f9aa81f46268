import type {
  Attributes,
  Exception,
  Link,
  Span,
  SpanContext,
  SpanStatus,
  TimeInput,
} from "@opentelemetry/api";
import { type Clock, redacted, redactText, Trace } from "@kerf/kernel";
import type {
  AnyAttributes,
  AttributeValue,
  Hidden,
  OwnTemplate,
  Recorder,
  SpanEvent,
} from "@kerf/telemetry";

/** What a span may have of each (OpenTelemetry's limits), and the longest text of one, characters. */
const maxAttributes = 128;
const maxEvents = 128;
const maxLinks = 128;
const maxText = 4_096;
/** OpenTelemetry's status of what failed. */
const failedStatus = 2;
/** Times that are larger are wall times, smaller ones count from the start of the process, milliseconds: 2001. */
const leastWallMs = 1e12;

/** What a span is recorded with. */
export interface RecordedSpanParts {
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly hidden: (() => Hidden) | undefined;
  readonly template: (name: string) => OwnTemplate;
}

/** A span that an author or a library makes through OpenTelemetry's API; recorded as ours are, with what is hidden left out. */
export class RecordedSpan implements Span {
  readonly trace: Trace;
  readonly #parts: RecordedSpanParts;
  readonly #startedAt: number;
  readonly #attributes = new Map<string, AttributeValue>();
  readonly #events: SpanEvent[] = [];
  readonly #links: Trace[] = [];
  #name: string;
  #status: SpanStatus = { code: 0 };
  #context: SpanContext | undefined;
  #isEnded = false;

  constructor(
    name: string,
    trace: Trace,
    parts: RecordedSpanParts,
    start: {
      readonly at?: TimeInput | undefined;
      readonly attributes?: Attributes | undefined;
      readonly links?: readonly Link[] | undefined;
    },
  ) {
    this.#name = name;
    this.trace = trace;
    this.#parts = parts;
    this.#startedAt = monotonic(parts.clock, start.at);
    this.setAttributes(start.attributes ?? {});
    this.addLinks(start.links ?? []);
  }

  spanContext(): SpanContext {
    const { sampled, spanId, traceId } = this.trace;
    return (this.#context ??= { traceId, spanId, traceFlags: sampled ? 1 : 0 });
  }

  setAttribute(key: string, value: Attributes[string]): this {
    const taken = attributeValue(value);
    if (this.#isEnded || taken === undefined) return this;
    if (this.#attributes.size < maxAttributes || this.#attributes.has(key))
      this.#attributes.set(key, taken);
    return this;
  }

  setAttributes(attributes: Attributes): this {
    for (const [key, value] of Object.entries(attributes)) this.setAttribute(key, value);
    return this;
  }

  addEvent(name: string, given?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.#isEnded || this.#events.length >= maxEvents) return this;
    const isTime = typeof given !== "object" || Array.isArray(given) || given instanceof Date;
    const at = monotonic(this.#parts.clock, isTime ? (given as TimeInput | undefined) : time);
    const attributes = isTime ? {} : attributesOf(given as Attributes);
    this.#events.push({ name, at, attributes });
    return this;
  }

  /** Without its attributes. */
  addLink({ context: { spanId, traceFlags, traceId } }: Link): this {
    if (this.#isEnded || this.#links.length >= maxLinks) return this;
    if (isTraceId(traceId) && isSpanId(spanId))
      this.#links.push(Trace.of({ traceId, spanId, sampled: (traceFlags & 1) === 1 }));
    return this;
  }

  addLinks(links: readonly Link[]): this {
    for (const link of links) this.addLink(link);
    return this;
  }

  setStatus(status: SpanStatus): this {
    if (!this.#isEnded) this.#status = { ...status };
    return this;
  }

  updateName(name: string): this {
    if (!this.#isEnded) this.#name = name;
    return this;
  }

  isRecording(): boolean {
    return !this.#isEnded;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    const { code, message, name } =
      typeof exception === "string"
        ? { message: exception, name: undefined, code: undefined }
        : (exception as { code?: string | number; message?: string; name?: string });
    this.addEvent(
      "exception",
      {
        "exception.type": String(code ?? name ?? "Error"),
        "exception.message": String(message ?? ""),
      },
      time,
    );
  }

  end(time?: TimeInput): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const { clock, hidden, recorder, template } = this.#parts;
    const asked = hidden?.();
    const isHiding = asked !== undefined && asked.names.size + asked.values.length > 0;
    const shown = (attributes: AnyAttributes): AnyAttributes =>
      isHiding ? withoutHidden(attributes, asked) : attributes;
    const text = (given: string): string => (isHiding ? redactText(given, asked.values) : given);
    const { code, message } = this.#status;
    recorder.record({
      of: template(text(this.#name)),
      trace: this.trace,
      startedAt: this.#startedAt,
      endedAt: Math.max(this.#startedAt, monotonic(clock, time)),
      failed: code === failedStatus,
      message: message === undefined ? undefined : text(message.slice(0, maxText)),
      attributes:
        this.#attributes.size === 0 ? undefined : shown(Object.fromEntries(this.#attributes)),
      events:
        this.#events.length === 0
          ? undefined
          : this.#events.map((event) => ({ ...event, attributes: shown(event.attributes) })),
      links: this.#links.length === 0 ? undefined : this.#links,
    });
  }
}

export function isTraceId(id: string): boolean {
  return /^[0-9a-f]{32}$/.test(id);
}

export function isSpanId(id: string): boolean {
  return /^[0-9a-f]{16}$/.test(id);
}

/** Attributes without what is hidden: by their names, and in their texts. */
export function withoutHidden(attributes: AnyAttributes, { names, values }: Hidden): AnyAttributes {
  const shown = (value: AttributeValue): AttributeValue => {
    if (typeof value === "string") return redactText(value, values);
    if (typeof value === "object")
      return value.map((one) => (typeof one === "string" ? redactText(one, values) : one));
    return values.includes(String(value)) ? redacted : value;
  };
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      value === undefined || names.has(name) ? redacted : shown(value),
    ]),
  );
}

/** What OpenTelemetry takes as attributes, bounded. */
export function attributesOf(given: Attributes): AnyAttributes {
  const taken: Record<string, AttributeValue> = {};
  for (const [key, value] of Object.entries(given).slice(0, maxAttributes)) {
    const one = attributeValue(value);
    if (one !== undefined) taken[key] = one;
  }
  return taken;
}

function attributeValue(value: unknown): AttributeValue | undefined {
  if (typeof value === "string") return value.slice(0, maxText);
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (!Array.isArray(value)) return undefined;
  return value
    .slice(0, maxAttributes)
    .filter((one) => ["string", "number", "boolean"].includes(typeof one))
    .map((one: string | number | boolean) =>
      typeof one === "string" ? one.slice(0, maxText) : one,
    );
}

/** A time as OpenTelemetry takes it, as our clock has it. */
function monotonic(clock: Clock, time: TimeInput | undefined): number {
  if (time === undefined) return clock.now();
  const ms = Array.isArray(time) ? time[0] * 1_000 + time[1] / 1e6 : Number(time);
  return ms < leastWallMs ? ms : ms - (clock.wall() - clock.now());
}
