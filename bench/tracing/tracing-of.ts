import { openTracing, type TelemetrySettings, type Tracing } from "@kerf/telemetry";
import { parts } from "../harness/kerf-parts.ts";

/** What a program of the benchmark traces with; `settings` is JSON, as its argument. */
export function tracingOf(unit: string, settings: string): Promise<Tracing> {
  const resource = { app: "bench", environment: "bench", unit, instance: `${unit}-1` };
  return openTracing(JSON.parse(settings) as TelemetrySettings, { resource, ...parts });
}
