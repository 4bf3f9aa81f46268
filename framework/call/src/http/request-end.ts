import type { IncomingMessage, ServerResponse } from "node:http";
import type { Trace } from "@kerf/kernel";
import type { Fields } from "@kerf/telemetry";
import type { HttpEdgeOptions } from "./edge.ts";
import type { ForeignRoute } from "./foreign.ts";
import type { Route } from "./route-table.ts";

/** A request that is over, as whoever answered it knows it. */
export interface EndedRequest {
  readonly edge: HttpEdgeOptions;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly trace: Trace;
  /** Monotonic milliseconds of the edge's clock. */
  readonly startedAt: number;
  readonly route: Route | undefined;
  readonly foreign: ForeignRoute | undefined;
  /** Where it was passed on to. */
  readonly upstream: string | undefined;
  /** What it failed with: a code, and what was thrown where the failure is ours. */
  readonly failure: Fields;
}

/**
 * Tells whoever counts, records and logs of a request that is over. Its one line of access log: failures of ours are warnings, refusals are information;
 * success under load would drown both, so it is for debugging. `left`: the client was gone before the answer was out.
 */
export function tellOfEnd(ended: EndedRequest, left: boolean, stream: boolean): void {
  const { edge, failure, foreign, request, response, route, startedAt, trace } = ended;
  const status =
    left && !response.headersSent && response.statusCode !== 101 ? 499 : response.statusCode;
  // A failure has a status of 200 in gRPC, and behind the head of a stream.
  const failed = status >= 500 || "error" in failure;
  const endedAt = edge.clock.now();
  edge.load?.left({
    name: route?.name ?? foreign?.path,
    durationMs: endedAt - startedAt,
    failed,
    stream,
  });
  if (trace.sampled) record(ended, endedAt, status, failed, left);
  edge.metrics?.finished({
    trace,
    startedAt,
    endedAt,
    method: request.method,
    route: route?.path ?? foreign?.path,
    operation: route?.name,
    status,
  });
  const level = failed ? "warn" : status >= 400 ? "info" : "debug";
  if (!edge.log.enabled(level)) return;
  edge.log.in(trace)[level]("request", {
    method: request.method,
    route: route?.path ?? foreign?.path,
    operation: route?.name,
    upstream: ended.upstream,
    status,
    ...failure,
    duration_ms: Math.round((endedAt - startedAt) * 100) / 100,
  });
}

function record(
  ended: EndedRequest,
  endedAt: number,
  status: number,
  failed: boolean,
  left: boolean,
): void {
  const { edge, failure, foreign, request, route, startedAt, trace, upstream } = ended;
  edge.spans?.finished({
    trace,
    startedAt,
    endedAt,
    method: request.method,
    route: route?.path ?? foreign?.path,
    operation: route?.name,
    upstream,
    status,
    code: left ? "cancelled" : (failure["code"] as string | undefined),
    failed,
  });
}
