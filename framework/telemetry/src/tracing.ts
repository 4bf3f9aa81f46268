import type { Clock, Random, Timer, Trace } from "@kerf/kernel";
import type { Hidden, Logger } from "./logger.ts";
import { Metrics } from "./metrics/metrics.ts";
import { observeProcess } from "./metrics/process-metrics.ts";
import type { Resource } from "./otlp-encoder.ts";
import { Recorder } from "./recorder.ts";
import { Sampler } from "./sampler.ts";
import { telemetryNumbers, type TelemetrySettings } from "./settings.ts";

/** Bound of delivering what is left when a program stops, milliseconds: the launcher's orphans have 4 s in all. */
const stopMs = 2_000;

/** What work that begins traces by itself needs, what joins them, and what counts. */
export type TracingParts = Pick<Tracing, "sampler" | "recorder" | "metrics"> & {
  /** Undefined where nothing in the program could ask for it. */
  readonly scope?: SpanScope | undefined;
};

/** Where authors' code stands while it runs, for those who are not told: a bridge to instrumentation that knows nothing of us. */
export interface SpanScope {
  /** Whether anything asks where it stands. */
  readonly isUsed: boolean;
  /** Does `work` as a part of the span `place.trace`. */
  run<T>(place: SpanPlaceOfWork, work: () => T): T;
}

/** The span that work is a part of. */
export interface SpanPlaceOfWork {
  readonly trace: Trace;
  readonly service: string;
  /** What is not written down of it. */
  readonly hidden: () => Hidden;
}

/** What a program traces and counts with. */
export interface Tracing {
  readonly sampler: Sampler;
  /** Undefined where spans go nowhere: then none are made. */
  readonly recorder: Recorder | undefined;
  /** Undefined where they go nowhere: then nothing is counted. */
  readonly metrics: Metrics | undefined;
  /** Delivers what waits, within `ms` milliseconds: for programs that may not run on when their work is done. */
  flush(ms: number): Promise<void>;
  /** Delivers what is left; bounded. */
  stop(): Promise<void>;
}

/**
 * Makes what a program traces and counts with, from what the app sets.
 * @param parts `store`: where the platform keeps telemetry, beside where the app has it sent
 */
export async function openTracing(
  settings: TelemetrySettings,
  parts: {
    resource: Resource;
    clock: Clock;
    random: Random;
    log: Logger;
    store?: string | undefined;
  },
): Promise<Tracing> {
  const { clock, random, log, resource, store } = parts;
  const { sampling, askedPerSecond } = telemetryNumbers(settings);
  const sampler = new Sampler({ ratio: sampling, askedPerSecond, clock, random });
  const wanted = [store, settings.otlp?.endpoint];
  const endpoints = [...new Set(wanted.filter((each) => each !== undefined))];
  if (endpoints.length === 0) {
    const nothing = (): Promise<void> => Promise.resolve();
    return { sampler, recorder: undefined, metrics: undefined, flush: nothing, stop: nothing };
  }
  // Loaded where it is needed only: HTTP is more than a unit that sends nothing has to start with.
  const { OtlpExporter } = await import("./otlp-exporter.ts");
  const exporter = new OtlpExporter({
    endpoints,
    resource,
    clock,
    random,
    log,
    lost: (spans) => recorder.drop(spans),
  });
  const recorder = new Recorder({ clock, log, exporter });
  const metrics = new Metrics({ clock, log, exporter });
  observeProcess(metrics, resource.unit);
  metrics.start();
  const flush = async (ms: number): Promise<void> => {
    recorder.flush();
    let bound: Timer | undefined;
    const over = new Promise<void>((resolve) => (bound = clock.after(ms, resolve)));
    await Promise.race([exporter.delivered(), over]);
    bound?.cancel();
  };
  const stop = (): Promise<void> => {
    metrics.stop();
    return recorder.stop(stopMs);
  };
  return { sampler, recorder, metrics, flush, stop };
}
