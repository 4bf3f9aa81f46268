import { openTracing, type Tracing } from "@kerf/telemetry";
import { parts } from "../harness/kerf-parts.ts";

/** What a program of a benchmark traces with. */
export function tracingOf(unit: string, endpoint: string): Promise<Tracing> {
  const resource = { app: "bench", environment: "bench", unit, instance: `${unit}-1` };
  return openTracing({ otlp: { endpoint } }, { resource, ...parts });
}
