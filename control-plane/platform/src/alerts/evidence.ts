import type { AuditEntry } from "@kerf/control-api";
import { changeBefore, changeInWords } from "../why/change-before.ts";
import type { AskStore } from "./call-history.ts";
import type { Objective } from "./objective.ts";

/** Traces that are told with an alert. */
const mostTraces = 3;

/** What is looked at to say more of a missed objective. */
export interface EvidenceSources {
  readonly ask: AskStore;
  /** What was changed, the oldest first. */
  changes(): readonly AuditEntry[];
  unitOf(service: string): string | undefined;
}

/** What is known beside the numbers. */
export interface Evidence {
  /** 32 hex digits each, the newest first. */
  readonly traces: readonly string[];
  readonly change?: string | undefined;
}

/** Traces that show it, and what was changed before. What cannot be found out is left out: an alert goes without it. */
export async function evidenceOf(
  objective: Objective,
  { from, now }: { readonly from: number; readonly now: number },
  sources: EvidenceSources,
): Promise<Evidence> {
  const { service } = objective;
  const failure = { at: now * 1_000, service };
  const entry = changeBefore(failure, sources.unitOf(service), sources.changes());
  const change = entry && changeInWords(entry, failure);
  const traces = await failingTraces(objective, from, sources.ask).catch(() => []);
  return { traces, ...(change === undefined ? undefined : { change }) };
}

async function failingTraces(
  { operation, service, withinMs }: Objective,
  from: number,
  ask: AskStore,
): Promise<string[]> {
  // The call at either side: where nobody served it, its caller's is the only one.
  const which = withinMs === undefined ? "status:error" : `duration:>${withinMs}ms`;
  const asked = new URLSearchParams({
    query: `@rpc.service:${service} @rpc.method:${operation} ${which}`,
    from: String(from),
    limit: String(mostTraces),
  });
  const { traces } = await ask<{ traces: { readonly traceId: string }[] }>(
    `/traces?${asked.toString()}`,
  );
  return traces.slice(0, mostTraces).map(({ traceId }) => traceId);
}
