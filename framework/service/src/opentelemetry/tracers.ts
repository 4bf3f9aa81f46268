import type { Context, Span, SpanOptions, Tracer, TracerProvider } from "@opentelemetry/api";
import { type Clock, Trace } from "@kerf/kernel";
import type { OwnTemplate, SpanPlaceOfWork, TracingParts } from "@kerf/telemetry";
import { placeKey, spanKey } from "./place-context.ts";
import { isSpanId, isTraceId, RecordedSpan } from "./recorded-span.ts";

/** Names of spans that are kept for use again; some libraries put ids into them. */
const maxTemplates = 1_000;
const kinds = ["internal", "server", "client", "producer", "consumer"] as const;

/** Where spans go; undefined until the program knows. */
export interface Connected {
  readonly clock: Clock;
  readonly tracing: TracingParts;
  /** Whose spans are those that belong to no work of a service. */
  readonly unit: string;
}

/** What tracers need of the rest. */
export interface TracerParts {
  readonly connected: () => Connected | undefined;
  readonly active: () => Context;
  readonly during: <T>(context: Context, work: () => T) => T;
  /** Makes a span that records nothing and has this place in its trace. */
  readonly unrecorded: (trace: Trace) => Span;
  /** Somebody asked for a tracer. */
  readonly used: () => void;
}

/** OpenTelemetry's port for spans: those of authors and libraries become children of ours, chosen and sent like ours. */
export class Tracers implements TracerProvider {
  readonly #parts: TracerParts;

  constructor(parts: TracerParts) {
    this.#parts = parts;
  }

  getTracer(name: string): Tracer {
    this.#parts.used();
    return new OwnTracer(name, this.#parts);
  }
}

class OwnTracer implements Tracer {
  readonly #scope: string;
  readonly #parts: TracerParts;
  readonly #templates = new Map<string, OwnTemplate>();

  constructor(scope: string, parts: TracerParts) {
    this.#scope = scope;
    this.#parts = parts;
  }

  startSpan(
    name: string,
    options: SpanOptions = {},
    context: Context = this.#parts.active(),
  ): Span {
    const { connected, unrecorded } = this.#parts;
    const above =
      options.root === true ? undefined : (context.getValue(spanKey) as Span | undefined);
    const place = context.getValue(placeKey) as SpanPlaceOfWork | undefined;
    const { clock, tracing, unit } = connected() ?? {};
    const recorder = tracing?.recorder;
    const parent = above === undefined ? undefined : traceOf(above, place);
    const trace = parent?.child() ?? tracing?.sampler.begin();
    if (trace === undefined || clock === undefined || recorder === undefined || !trace.sampled)
      return above ?? unrecorded(trace ?? Trace.begin(0));
    const kind = kinds[options.kind ?? 0] ?? "internal";
    const service = place?.service ?? unit ?? "";
    return new RecordedSpan(
      name,
      trace,
      {
        recorder,
        clock,
        hidden: place?.hidden,
        template: (called) => this.#templateOf(service, called, kind),
      },
      { at: options.startTime, attributes: options.attributes, links: options.links },
    );
  }

  startActiveSpan<F extends (span: Span) => unknown>(
    name: string,
    ...rest: unknown[]
  ): ReturnType<F> {
    const work = rest.at(-1) as F;
    const [options, given] = rest.slice(0, -1) as [SpanOptions?, Context?];
    const context = given ?? this.#parts.active();
    const span = this.startSpan(name, options, context);
    return this.#parts.during(context.setValue(spanKey, span), () => work(span)) as ReturnType<F>;
  }

  #templateOf(service: string, name: string, kind: (typeof kinds)[number]): OwnTemplate {
    const key = `${service} ${kind} ${name}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      if (this.#templates.size >= maxTemplates) this.#templates.clear();
      template = { kind, service, name, attributes: { "otel.scope.name": this.#scope } };
      this.#templates.set(key, template);
    }
    return template;
  }
}

/** The place of a span in its trace, whoever made it. */
function traceOf(span: Span, place: SpanPlaceOfWork | undefined): Trace | undefined {
  if (span instanceof RecordedSpan) return span.trace;
  const { spanId, traceFlags, traceId } = span.spanContext();
  if (!isTraceId(traceId) || !isSpanId(spanId)) return undefined;
  if (place?.trace.spanId === spanId && place.trace.traceId === traceId) return place.trace;
  return Trace.of({ traceId, spanId, sampled: (traceFlags & 1) === 1 });
}
