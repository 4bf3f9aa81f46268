import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { TelemetryStore } from "../store.ts";
import type { Comparison } from "./compare.ts";
import type { Period, Search } from "./spans.ts";

/** Rows of one answer: by default, and at most. Traces are read whole. */
const defaultLimit = 100;
const maxLimit = 10_000;
const maxTraces = 1_000;
const maxDifferences = 200;
/** Series of one answer, and bounds whose values are counted. */
const maxSeries = 10_000;
const maxBounds = 100;
/** Without another word a query is for what is as old at most, milliseconds; charts and the map for what is now. */
const defaultAgeMs = 24 * 3_600_000;
const nowMs = 15 * 60_000;

/**
 * Answers what is kept, to the platform alone. Times are milliseconds since 1970-01-01 UTC. Who may ask is decided by the rights of the socket that it
 * listens at. Not listening yet.
 *
 * - `/trace/ID`: its spans
 * - `/traces?query=&from=&to=&limit=`: a line for each trace of which a span is asked for
 * - `/spans?…` and `/logs?…`: rows, and of how many
 * - `/metrics?name=&query=&by=&from=&to=&step=&bounds=&limit=`: a metric over time; of a histogram how many values were not above some bounds
 * - `/compare?query=&from=&to=&against=&againstFrom=&againstTo=&within=&services=&limit=`: which attributes tell those traces from the others that fit `against`
 * - `/edges?from=&to=`: who called, told or asked whom
 * - `/stored`: how much there is
 */
export function queryServer(store: TelemetryStore, now: () => number): Server {
  return createServer((request, response) => {
    try {
      answer(response, 200, found(request, store, now()));
    } catch (thrown) {
      const error = toKerfError(thrown);
      const status = error.code === "not_found" ? 404 : error.code === "invalid_input" ? 400 : 500;
      answer(response, status, { error: error.toShape() });
    }
  });
}

function found(request: IncomingMessage, store: TelemetryStore, now: number): unknown {
  const { pathname, searchParams: given } = new URL(request.url ?? "/", "http://store");
  const [, what, id = ""] = pathname.split("/");
  switch (what) {
    case "trace":
      return { spans: store.trace(id) };
    case "traces":
      return { traces: store.traces(searchIn(given, now, maxTraces)) };
    case "spans":
      return { spans: store.spans(searchIn(given, now, maxLimit)) };
    case "logs": {
      const since = performance.now();
      const logs = store.logs(searchIn(given, now, maxLimit));
      return { logs, searched: { rows: store.stored.logs, ms: performance.now() - since } };
    }
    case "compare":
      return store.compare(comparisonIn(given, now));
    case "metrics":
      return store.metric({
        ...periodIn(given, now, nowMs),
        name: given.get("name") ?? "",
        query: given.get("query") ?? "",
        by: listIn(given, "by"),
        stepMs: given.has("step") ? numberIn(given, "step", 0) : undefined,
        bounds: boundsIn(given),
        limit: given.has("limit") ? limitIn(given, maxSeries) : undefined,
      });
    case "edges": {
      const period = periodIn(given, now, nowMs);
      return { edges: store.edges(period), since: period.from, until: period.to };
    }
    case "stored":
      return store.stored;
    default:
      throw new KerfError("not_found", `There is no ${pathname}.`);
  }
}

function searchIn(given: URLSearchParams, now: number, most: number): Search {
  return {
    query: given.get("query") ?? "",
    ...periodIn(given, now, defaultAgeMs),
    limit: limitIn(given, most),
  };
}

function comparisonIn(given: URLSearchParams, now: number): Comparison {
  const selection = periodIn(given, now, defaultAgeMs);
  return {
    query: given.get("query") ?? "",
    selection,
    against: given.get("against") ?? "",
    baseline: {
      from: numberIn(given, "againstFrom", now - defaultAgeMs),
      to: numberIn(given, "againstTo", now),
    },
    within: given.get("within") ?? "",
    services: given.has("services") ? listIn(given, "services") : undefined,
    limit: limitIn(given, maxDifferences),
  };
}

function periodIn(given: URLSearchParams, now: number, ageMs: number): Period {
  const to = numberIn(given, "to", now);
  return { from: numberIn(given, "from", to - ageMs), to };
}

function limitIn(given: URLSearchParams, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(numberIn(given, "limit", defaultLimit))));
}

function numberIn(given: URLSearchParams, name: string, otherwise: number): number {
  const text = given.get(name);
  if (text === null) return otherwise;
  const value = Number(text);
  if (Number.isFinite(value)) return value;
  throw new KerfError("invalid_input", `${name}: ${JSON.stringify(text)} is no number.`);
}

function listIn(given: URLSearchParams, name: string): string[] {
  return (given.get(name) ?? "").split(",").filter((one) => one !== "");
}

function boundsIn(given: URLSearchParams): number[] {
  const bounds = listIn(given, "bounds").map(Number);
  if (bounds.length <= maxBounds && bounds.every((bound) => Number.isFinite(bound))) return bounds;
  throw new KerfError("invalid_input", `bounds: up to ${maxBounds} numbers, separated by commas.`);
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  response
    .writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    })
    .end(body);
}
