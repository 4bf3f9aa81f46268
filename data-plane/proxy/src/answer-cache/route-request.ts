import type { IncomingMessage, ServerResponse } from "node:http";
import type { Forwarding } from "../upstreams/forward.ts";
import type { Fields } from "../upstreams/http1/fields.ts";
import type { ForeignUpstream } from "../upstreams/upstream.ts";

/** A request of a route that keeps answers. */
export interface RouteRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstream: ForeignUpstream;
  /** Path and query string for the upstream. */
  readonly target: string;
  /** Its head for the upstream, before the route's own edits. */
  readonly head: Fields;
  /** Of a route for users: whose answer it is. */
  readonly user: string | undefined;
  /** The pseudonym in `Via` and `Cache-Status`. */
  readonly via: string;
  /** Makes the route's edits. */
  edited(head: string[]): string[];
  /** The head for the client. */
  readonly answerHead: Forwarding["answerHead"];
}
