import type { IncomingMessage } from "node:http";
import { announcesBody } from "@kerf/call/http";
import type { RouteCache } from "@kerf/service";
import type { Fields } from "../upstreams/http1/fields.ts";

/** What programs answer by that say so, and what every browser sends. */
const always = ["accept", "accept-encoding", "accept-language"] as const;
/** Said by the gateway itself. What may be a client's own words in them is in the key. */
const ours: ReadonlySet<string> = new Set(["host", "x-forwarded-host", "x-forwarded-proto"]);
/** A client that asks for less than an answer, or for one under a condition that a kept one cannot meet. */
const ownAnswer = ["if-match", "if-range", "if-unmodified-since", "range", "upgrade"] as const;

/** A request as everybody could ask it: what the upstream can answer by is in the key, all of it, so that nobody fills an entry for others. */
export interface SharedRequest {
  readonly resource: string;
  readonly key: string;
  /** Head for the upstream, names and values in turn. */
  readonly head: string[];
}

/** What a shared request is made from. */
export interface Asked {
  readonly upstream: string;
  readonly target: string;
  /** As the upstream would get it, before the route's own edits. */
  readonly head: Fields;
  /** Whose answer it is, where it is one user's. */
  readonly user: string | undefined;
  /** The pseudonym in `Via`. */
  readonly via: string;
  readonly authorization: string | undefined;
}

/** Names of request headers that the upstream may answer by. */
export function keyedHeaders({ headers = [] }: RouteCache): ReadonlySet<string> {
  return new Set([...always, ...ours, ...headers]);
}

/**
 * Whether a request may be answered from what is kept. One with a body is not, though it is a GET: the upstream may read the body, which no key
 * holds. Nor is one with cookies, unless they are to be ignored.
 */
export function isShareable(request: IncomingMessage, { cookies = "pass" }: RouteCache): boolean {
  const { headers, method } = request;
  if ((method !== "GET" && method !== "HEAD") || announcesBody(request)) return false;
  if (headers.cookie !== undefined && cookies === "pass") return false;
  if (/\bno-store\b/i.test(headers["cache-control"] ?? "")) return false;
  return ownAnswer.every((name) => headers[name] === undefined);
}

/** What is asked, whatever the headers. */
export function resourceOf(upstream: string, target: string): string {
  return `${upstream} ${target}`;
}

/** What is asked for everybody; whatever else the client sent stays behind. */
export function sharedRequest(asked: Asked, keyed: ReadonlySet<string>): SharedRequest {
  const told: string[] = [];
  const passed: string[] = [];
  for (let i = 0; i < asked.head.length; i += 2) {
    const name = asked.head[i] as string;
    const value = asked.head[i + 1] as string;
    if (name === "accept-encoding") {
      const codings = commonCodings(value);
      if (codings !== "") told.push(name, codings);
    } else if (keyed.has(name)) told.push(name, value);
    else if (name === "traceparent") passed.push(name, value);
  }
  const { authorization, target, upstream, user, via } = asked;
  const resource = resourceOf(upstream, target);
  if (authorization !== undefined) passed.push("authorization", authorization);
  return {
    resource,
    key: JSON.stringify([resource, user, told]),
    head: [...told, ...passed, "via", `1.1 ${via}`],
  };
}

/** The codings that are worth an answer of their own; clients spell the same wish in many ways. */
function commonCodings(accepted: string): string {
  return ["br", "gzip"]
    .filter((coding) =>
      new RegExp(`(?:^|[,\\s])${coding}\\s*(?:;\\s*q=(?!0(?:\\.0*)?\\s*(?:,|$))|,|$)`, "i").test(
        accepted,
      ),
    )
    .join(", ");
}
