import type { ServedArguments, ServedOperation } from "@kerf/call";
import type { telemetryOperations as declared, TraceSummary } from "@kerf/control-api";
import { KerfError } from "@kerf/kernel";
import type { AppManifest } from "@kerf/service";
import { holderOf } from "../api/operator.ts";
import type { FoundLog } from "../telemetry-store/query/answers.ts";
import { parseQuery } from "../telemetry-store/query/parse-query.ts";
import type { StoreClient } from "./store-client.ts";
import { type StoreEdge, trafficMap } from "./traffic-map.ts";

type Operations = { readonly [Name in keyof typeof declared]: ServedOperation };

/** Lines of logs that are shown with a trace, and spans beyond which the store answers no more. */
const maxTraceLogs = 1_000;
const maxTraceSpans = 10_000;
/** Around a trace, where its lines are looked for, milliseconds: clocks of machines differ. */
const aroundMs = 60_000;
/** What the platform itself marks lines with (`log-shipper.ts`). */
const ownAttributes = ["kerf.batch"];

/** What the operations work on. */
export interface TelemetrySurroundings {
  /** Undefined where the app does without a store. */
  readonly telemetry: () => StoreClient | undefined;
  manifest(): AppManifest;
  unitOf(service: string): string | undefined;
}

interface Search {
  readonly query: string;
  readonly from?: number;
  readonly to?: number;
  readonly limit?: number;
}

/** Looking at what programs recorded. */
export function telemetryOperations(
  around: TelemetrySurroundings,
  inFull: (run: (args: ServedArguments) => unknown) => ServedOperation,
): Operations {
  const store = (): StoreClient => storeOf(around);
  return {
    traces: inFull(async ({ context, input }) => {
      const search = narrowed(input as Search, holderOf(context)?.services);
      return store().ask<{ traces: TraceSummary[] }>(`/traces?${parameters(search)}`);
    }),
    trace: inFull(async ({ context, input }) => {
      const traceId = (input as { traceId: string }).traceId.toLowerCase();
      return traceIn(store(), traceId, holderOf(context)?.services);
    }),
    logRecords: inFull(async ({ context, input }) => {
      const search = narrowed(input as Search, holderOf(context)?.services);
      const { logs, searched } = await store().ask<{ logs: FoundLog[]; searched: object }>(
        `/logs?${parameters(search)}`,
      );
      return { logs: logs.map(shown), searched };
    }),
    compareTraces: inFull(({ context, input }) => {
      const { against, againstFrom, againstTo, within, ...search } = input as Search & {
        against: string;
        within: string;
        againstFrom?: number;
        againstTo?: number;
      };
      const own = holderOf(context)?.services;
      const other = narrowed({ query: against }, own).query;
      const asked = {
        ...narrowed(search, own),
        against: other,
        againstFrom,
        againstTo,
        within,
        services: own?.join(","),
      };
      return store().ask(`/compare?${parameters(asked)}`);
    }),
    metrics: inFull(async ({ context, input }) => {
      const { by, name, stepMs, ...search } = input as Search & {
        name: string;
        by: string;
        stepMs?: number;
      };
      const asked = narrowed(search, holderOf(context)?.services);
      return store().ask(`/metrics?${parameters({ ...asked, name, by, step: stepMs })}`);
    }),
    map: inFull(async ({ context, input }) => {
      const { from, to } = input as { from?: number; to?: number };
      const { edges, since, until } = await store().ask<{
        edges: StoreEdge[];
        since: number;
        until: number;
      }>(`/edges?${parameters({ from, to })}`);
      const own = holderOf(context)?.services;
      const map = trafficMap(around.manifest(), (name) => around.unitOf(name), edges, own);
      return { ...map, since, until };
    }),
  };
}

/** The store of the app; throws `not_found` where it does without one. */
export function storeOf({ telemetry }: Pick<TelemetrySurroundings, "telemetry">): StoreClient {
  const client = telemetry();
  if (client !== undefined) return client;
  throw new KerfError("not_found", {
    message: "This app keeps no telemetry.",
    why: "It is declared with telemetry: { store: false }.",
    fix: "Remove that from the app, or look where telemetry.otlp.endpoint sends it.",
  });
}

async function traceIn(
  store: StoreClient,
  traceId: string,
  own: readonly string[] | undefined,
): Promise<unknown> {
  const all = await store.trace(traceId);
  const spans = all.filter(({ service }) => own === undefined || own.includes(service));
  const ends = all.map(({ durationMicros, startedAt }) => startedAt + durationMicros);
  const period =
    all.length === 0
      ? {}
      : {
          from: Math.floor(Math.min(...all.map(({ startedAt }) => startedAt)) / 1_000) - aroundMs,
          to: Math.ceil(Math.max(...ends) / 1_000) + aroundMs,
        };
  const search = narrowed({ query: `trace:${traceId}`, ...period }, own);
  const logs = await store.logs({ ...search, limit: maxTraceLogs });
  if (spans.length === 0 && logs.length === 0) throw unknownTrace(traceId, all.length > 0);
  return {
    traceId,
    spans,
    logs: logs.map(shown).reverse(),
    truncated: all.length >= maxTraceSpans || logs.length >= maxTraceLogs,
  };
}

function unknownTrace(traceId: string, isForeign: boolean): KerfError {
  return new KerfError("not_found", {
    message: `Nothing is known of the trace ${traceId}.`,
    why: isForeign
      ? "None of the services that this token is narrowed to takes part in it."
      : "It was not chosen to be recorded, is older than what is kept, or ended a moment ago.",
    fix: isForeign
      ? "Ask with the operator's token."
      : "What ended just now is there within 2 s. telemetry.sampling of the app says which share is recorded; a traceparent with the flag 01 asks for one.",
  });
}

/** A query for what some services recorded alone. Throws `invalid_input` for a query that cannot be read. */
function narrowed<Asked extends { readonly query: string }>(
  asked: Asked,
  own: readonly string[] | undefined,
): Asked {
  if (own === undefined) return asked;
  // On its own first, so that no parenthesis of it can close ours.
  parseQuery(asked.query);
  const services = own.map((service) => `service:${service}`).join(" OR ");
  return { ...asked, query: `${asked.query === "" ? "" : `(${asked.query}) `}(${services})` };
}

/** A line without what the platform marked it with. */
function shown(log: FoundLog): FoundLog {
  const attributes = Object.entries(log.attributes);
  if (!attributes.some(([name]) => ownAttributes.includes(name))) return log;
  const others = attributes.filter(([name]) => !ownAttributes.includes(name));
  return { ...log, attributes: Object.fromEntries(others) };
}

function parameters(given: Readonly<Record<string, unknown>> | Search): string {
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
}
