import { KerfError } from "@kerf/kernel";
import type { ShownTrace } from "../traces/waterfall.ts";
import type { Stage } from "./act.ts";
import { eventually } from "./eventually.ts";

/** Programs send what they recorded every few seconds; this leaves room for a busy machine, milliseconds. */
const withinMs = 30_000;

/** A trace, once the spans of all of these services have arrived. */
export function recordedTrace(
  { connection, signal }: Stage,
  traceId: string,
  services: readonly string[],
): Promise<ShownTrace> {
  const what = `spans of ${services.join(", ")} are in trace ${traceId}`;
  return eventually(what, { withinMs, signal }, async () => {
    const trace = await connection.client.trace({ traceId }).catch((thrown: unknown) => {
      if (isAbsent(thrown)) return undefined;
      throw thrown;
    });
    const told = new Set(trace?.spans.map(({ service }) => service));
    return services.every((service) => told.has(service)) ? trace : undefined;
  });
}

/** Why no trace can be looked at; undefined when there is a place where they are kept. */
export async function untraced({ connection }: Stage): Promise<string | undefined> {
  const { telemetry } = await connection.client.status({});
  return telemetry === undefined ? "the app does without a store for traces" : undefined;
}

function isAbsent(thrown: unknown): boolean {
  if (!(thrown instanceof KerfError)) return false;
  const { code } = (thrown.data ?? {}) as { code?: string };
  return thrown.code === "not_found" || code === "not_found";
}
