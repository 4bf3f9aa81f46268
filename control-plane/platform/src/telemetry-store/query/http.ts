import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { KerfError, toKerfError } from "@kerf/kernel";
import type { Search, TelemetryStore } from "../store.ts";

/** Rows of one answer: by default, and at most. */
const defaultLimit = 100;
const maxLimit = 10_000;
/** Without another word a query is for what is as old at most, milliseconds. */
const defaultAgeMs = 24 * 3_600_000;

/**
 * Answers what is kept, to the platform alone: `/trace/ID`, `/spans?query=&from=&to=&limit=`, `/logs?…` and `/stored`. Who may ask is decided by the rights
 * of the socket that it listens at. Not listening yet.
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
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://store");
  const [, what, id = ""] = pathname.split("/");
  if (what === "trace") return { spans: store.trace(id) };
  if (what === "spans") return { spans: store.spans(searchIn(searchParams, now)) };
  if (what === "logs") return { logs: store.logs(searchIn(searchParams, now)) };
  if (what === "stored") return store.stored;
  throw new KerfError("not_found", `There is no ${pathname}.`);
}

function searchIn(given: URLSearchParams, now: number): Search {
  const number = (name: string, otherwise: number): number => {
    const text = given.get(name);
    if (text === null) return otherwise;
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw new KerfError("invalid_input", `${name}: ${JSON.stringify(text)} is no number.`);
  };
  const to = number("to", now);
  return {
    query: given.get("query") ?? "",
    from: number("from", to - defaultAgeMs),
    to,
    limit: Math.max(1, Math.min(maxLimit, number("limit", defaultLimit))),
  };
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
