import type { Clock, Random } from "@kerf/kernel";
import type { Logger } from "./logger.ts";
import type { Resource } from "./otlp-encoder.ts";
import { Recorder } from "./recorder.ts";
import { Sampler } from "./sampler.ts";
import { telemetryNumbers, type TelemetrySettings } from "./settings.ts";

/** Bound of delivering what is left when a program stops, milliseconds: the launcher's orphans have 4 s in all. */
const stopMs = 2_000;

/** What work that begins traces by itself needs, and what joins them. */
export type TracingParts = Pick<Tracing, "sampler" | "recorder">;

/** What a program traces with. */
export interface Tracing {
  readonly sampler: Sampler;
  /** Undefined where spans go nowhere: then none are made. */
  readonly recorder: Recorder | undefined;
  /** Delivers what is left; bounded. */
  stop(): Promise<void>;
}

/** Makes what a program traces with, from what the app sets. */
export async function openTracing(
  settings: TelemetrySettings,
  parts: { resource: Resource; clock: Clock; random: Random; log: Logger },
): Promise<Tracing> {
  const { clock, random, log, resource } = parts;
  const { sampling, askedPerSecond } = telemetryNumbers(settings);
  const sampler = new Sampler({ ratio: sampling, askedPerSecond, clock, random });
  if (settings.otlp === undefined)
    return { sampler, recorder: undefined, stop: () => Promise.resolve() };
  // Loaded where it is needed only: HTTP is more than a unit that sends nothing has to start with.
  const { OtlpExporter } = await import("./otlp-exporter.ts");
  const { endpoint } = settings.otlp;
  const exporter = new OtlpExporter({
    endpoint,
    resource,
    clock,
    random,
    log,
    lost: (spans) => recorder.drop(spans),
  });
  const recorder = new Recorder({ clock, log, exporter });
  return { sampler, recorder, stop: () => recorder.stop(stopMs) };
}
