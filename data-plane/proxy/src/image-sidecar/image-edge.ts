import type { IncomingMessage, ServerResponse } from "node:http";
import {
  createHttpEdge,
  type ForeignRoutes,
  type HttpEdgeOptions,
  RequestSpans,
  RouteTable,
} from "@kerf/call/http";
import type { Tracing } from "@kerf/telemetry";
import type { TrafficParts } from "../upstreams/upstream.ts";

/** Whose requests an edge takes. */
export interface ImageEdgeParts {
  readonly image: string;
  readonly parts: TrafficParts;
  readonly tracing: Pick<Tracing, "recorder">;
}

/** Answers requests. */
export type Handle = (request: IncomingMessage, response: ServerResponse) => void;

type OwnOptions = Pick<HttpEdgeOptions, "foreign" | "load" | "metrics" | "routes" | "send">;

/** An edge of an image's sidecar: nobody signs in there, and what it does is done in the name of the image. */
export function imageEdge({ image, parts, tracing }: ImageEdgeParts, own: OwnOptions): Handle {
  const { clock, log, wheel } = parts;
  const { recorder } = tracing;
  return createHttpEdge({
    ...own,
    authenticate: () => ({}),
    caller: image,
    clock,
    wheel,
    log,
    // A trace goes on as whoever sent the request chose.
    spans: recorder && new RequestSpans(recorder, image),
  });
}

/** One that only passes requests on: an image has no operations. */
export function passingEdge(
  of: ImageEdgeParts,
  foreign: ForeignRoutes,
  counted: Pick<HttpEdgeOptions, "load" | "metrics"> = {},
): Handle {
  const noRoutes = new RouteTable([]);
  return imageEdge(of, {
    ...counted,
    routes: () => noRoutes,
    foreign,
    send: () => Promise.reject(new Error("an image has no operations")),
  });
}
