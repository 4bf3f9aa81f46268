import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access, OperationDescription } from "@kerf/contract";
import type { CallContext, Clock, Principal, TimerWheel } from "@kerf/kernel";
import type { Logger, Sampler } from "@kerf/telemetry";
import type { KeptAnswer } from "../policies/query-cache.ts";
import { Exchange, stopping } from "./exchange.ts";
import type { ForeignRoutes } from "./foreign.ts";
import type { RequestMetrics } from "./request-metrics.ts";
import type { RequestSpans } from "./request-spans.ts";
import type { RequestLoad } from "../load/request-load.ts";
import type { RouteTable } from "./route-table.ts";
import type { Shaping } from "./shaping.ts";

/** Who a request is for, as its credentials prove it. */
export interface Identity {
  readonly principal?: Principal | undefined;
  /** The principal signed for the services behind. */
  readonly principalToken?: string | undefined;
  /** The credential that proved it, where a user may have several: `apiKey:ID`. Nothing that could be used in its place. */
  readonly credential?: string | undefined;
  /** Browsers send the credential by themselves, whichever page asks: a cookie, a client certificate. */
  readonly ambient?: boolean | undefined;
}

/** A request on its way to its operation. */
export interface EdgeCall {
  readonly service: string;
  readonly operation: string;
  readonly description: OperationDescription;
  /** A JSON value, or RawJson. */
  readonly input: unknown;
  readonly context: CallContext;
  /** Of a stream: resume after this cursor. */
  readonly after?: string | undefined;
  /** Of a query: told how its answer is kept, when it is. */
  readonly kept?: ((how: KeptAnswer) => void) | undefined;
  /** Of a command: the key that its client sent. */
  readonly idempotencyKey?: string | undefined;
  /** The answer may come as RawJson: the edge only passes it on. */
  readonly raw?: boolean | undefined;
}

/** Bounds for operations that set none. */
export interface EdgeLimits {
  /** Default 15 000. */
  readonly deadlineMs?: number;
  /** How long a stream may last before its client has to resume. Default 3 600 000. */
  readonly streamDeadlineMs?: number;
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
}

/** What an HTTP edge is made from. */
export interface HttpEdgeOptions {
  /** The table to route by; asked for each request, so that a new one takes over at once and whole. */
  routes(): RouteTable;
  /** Paths that something else than a contract's operation answers. */
  readonly foreign?: ForeignRoutes;
  /**
   * Establishes who the request is for; no principal for a request without credentials. Credentials that do not hold are
   * refused on public routes too: their sender believes to be somebody. May set cookies on the response.
   * @throws KerfError `unauthenticated` or `forbidden`
   */
  authenticate(
    request: IncomingMessage,
    access: Access,
    response: ServerResponse,
  ): Identity | Promise<Identity>;
  /** Calls the operation: a promise, or for a stream its items. */
  send(call: EdgeCall): Promise<unknown> | AsyncIterable<unknown>;
  /** Who the calls come from: `gateway:NAME`. */
  readonly caller: string;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly log: Logger;
  readonly limits?: EdgeLimits;
  /** How requests are held back and answers shaped; asked once for each request. Default: not at all. */
  shaping?(): Shaping;
  /** Chooses the traces that are recorded. Default: as clients ask, and none of those that begin here. */
  readonly sampler?: Sampler | undefined;
  /** Counts requests. */
  readonly load?: RequestLoad | undefined;
  /** Counts and times requests. */
  readonly metrics?: RequestMetrics | undefined;
  /** Takes the spans of requests. */
  readonly spans?: RequestSpans | undefined;
  /** Aborts when the edge stops: streams end then, so that their clients resume elsewhere. */
  readonly draining?: AbortSignal;
}

/** Answers HTTP with the operations of a route table. */
export function createHttpEdge(
  options: HttpEdgeOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const streams = new Set<CallContext>();
  options.draining?.addEventListener("abort", () => {
    for (const context of streams) context.cancel(stopping());
  });
  return (request, response) => {
    const exchange = new Exchange(options, request, response, streams);
    void exchange.run(); // Never rejects: whatever fails is answered and logged.
  };
}
