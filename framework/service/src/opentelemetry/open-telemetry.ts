import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type * as Api from "@opentelemetry/api";
import type { Context, Span, TextMapPropagator } from "@opentelemetry/api";
import type { Trace } from "@kerf/kernel";
import { parseTraceparent, type SpanPlaceOfWork, type SpanScope } from "@kerf/telemetry";
import { Meters } from "./meters.ts";
import { PlaceContext, PlaceContexts, spanKey } from "./place-context.ts";
import { type Connected, Tracers } from "./tracers.ts";

const packageName = "@opentelemetry/api";
const header = "traceparent";

/**
 * OpenTelemetry's API, where the app has it: instrumentation that knows nothing of us finds the span that it works in, and its spans and metrics go where
 * ours go. Registered before any module of the app is loaded; until {@link connect} nothing is recorded.
 */
export class OpenTelemetryBridge implements SpanScope {
  readonly #api: typeof Api;
  readonly #contexts: PlaceContexts;
  readonly #observers: (() => void)[] = [];
  #connected: Connected | undefined;
  #isUsed = false;

  constructor(api: typeof Api) {
    this.#api = api;
    this.#contexts = new PlaceContexts(api.ROOT_CONTEXT);
    const shared = {
      connected: () => this.#connected,
      active: () => this.#contexts.active(),
      used: () => void (this.#isUsed = true),
    };
    const tracers = new Tracers({
      ...shared,
      during: (context, work) => this.#contexts.run(context, work),
      unrecorded: (trace) => this.#spanAt(trace),
    });
    const meters = new Meters({ ...shared, observe: (look) => void this.#observers.push(look) });
    // An SDK that the app sets up by itself later is refused by the API, which says so.
    api.context.setGlobalContextManager(this.#contexts);
    api.trace.setGlobalTracerProvider(tracers);
    api.metrics.setGlobalMeterProvider(meters);
    api.propagation.setGlobalPropagator(this.#propagator());
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  run<T>(place: SpanPlaceOfWork, work: () => T): T {
    const spanOf = (at: SpanPlaceOfWork): Span => this.#spanAt(at.trace);
    return this.#contexts.run(new PlaceContext(place, spanOf), work);
  }

  /** From now on it is known where everything goes. */
  connect(connected: Connected): void {
    this.#connected = connected;
    connected.tracing.metrics?.observe(() => {
      for (const look of this.#observers) look();
    });
  }

  /** A span that is recorded elsewhere, or not at all. */
  #spanAt({ sampled, spanId, traceId }: Trace): Span {
    return this.#api.trace.wrapSpanContext({ traceId, spanId, traceFlags: sampled ? 1 : 0 });
  }

  #propagator(): TextMapPropagator {
    return {
      inject: (context, carrier, setter) => {
        const { spanId, traceFlags, traceId } =
          (context.getValue(spanKey) as Span | undefined)?.spanContext() ?? {};
        if (traceId === undefined || spanId === undefined) return;
        const flags = (traceFlags ?? 0) & 1;
        setter.set(carrier, header, `00-${traceId}-${spanId}-0${flags}`);
      },
      extract: (context, carrier, getter): Context => {
        const given = getter.get(carrier, header);
        const trace = parseTraceparent(Array.isArray(given) ? given[0] : given);
        if (trace === undefined) return context;
        const { sampled, spanId, traceId } = trace;
        const traceFlags = sampled ? 1 : 0;
        return context.setValue(
          spanKey,
          this.#api.trace.wrapSpanContext({ traceId, spanId, traceFlags, isRemote: true }),
        );
      },
      fields: () => [header],
    };
  }
}

/** The bridge, where the app or whoever runs it has OpenTelemetry's API; undefined elsewhere, and then nothing of it is loaded. */
export async function openTelemetryOf(
  appModule: string | undefined,
): Promise<OpenTelemetryBridge | undefined> {
  if (appModule === undefined) return undefined;
  for (const from of [pathToFileURL(appModule).href, import.meta.url]) {
    try {
      const file = createRequire(from).resolve(packageName);
      const api = (await import(pathToFileURL(file).href)) as typeof Api & { default?: typeof Api };
      return new OpenTelemetryBridge(api.default ?? api);
    } catch (error) {
      if ((error as { code?: string }).code !== "MODULE_NOT_FOUND") throw error;
    }
  }
  return undefined;
}
