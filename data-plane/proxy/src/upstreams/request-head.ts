import type { IncomingMessage } from "node:http";
import type { Trace } from "@kerf/kernel";
import type { UpstreamSettings } from "@kerf/service";
import { formatTraceparent } from "@kerf/telemetry";
import { type AddressSet, peerAddress, isEncrypted } from "./client-address.ts";
import type { EditedHeaders } from "./edited-headers.ts";
import { connectionNames, hopByHop } from "./hop-by-hop.ts";

/** What proxies say of a client; only those that are trusted are believed. */
const saidByProxies =
  /^(?:forwarded|x-forwarded(?:-.*)?|x-real-ip|x-original-(?:url|host|uri)|x-rewrite-url|true-client-ip|cf-connecting-ip|x-client-ip)$/;

/** What the head of a request to an upstream is made with. */
export interface RequestHeadOptions {
  readonly trusted: AddressSet;
  /** The pseudonym in `Via`. */
  readonly via: string;
  readonly host: UpstreamSettings["host"];
  readonly edits: EditedHeaders | undefined;
  readonly trace: Trace;
}

/**
 * The head of the request as the upstream gets it, names and values in turn: without what is for one connection only (RFC 9110, 7.6.1) and
 * without what only proxies may say, with what this one says itself.
 */
export function requestHead(request: IncomingMessage, options: RequestHeadOptions): string[] {
  const { host, edits, trace, trusted, via } = options;
  const { headers, rawHeaders } = request;
  const peer = peerAddress(request);
  const believed = trusted.has(peer);
  const named = connectionNames(headers.connection);
  const head: string[] = [];
  let through = "";
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    const value = rawHeaders[i + 1] as string;
    if (hopByHop.has(name) || named?.has(name) === true || ownHeaders.has(name)) continue;
    // What the edge took away from the request stays away.
    if (headers[name] === undefined) continue;
    if (name === "via") {
      through += `${value}, `;
      continue;
    }
    if (saidByProxies.test(name) && (!believed || rewritten.has(name))) continue;
    head.push(name, value);
  }
  const clientHost = headers.host ?? "";
  if (host === "client" && clientHost !== "") head.push("host", clientHost);
  else if (typeof host === "object") head.push("host", host.name);
  const proto = isEncrypted(request) ? "https" : "http";
  const before = (name: string): string | undefined =>
    believed ? joined(headers[name]) : undefined;
  const address = peer.includes(":") ? `"[${peer}]"` : peer;
  const element = `for=${address};host="${clientHost}";proto=${proto}`;
  const forwarded = before("forwarded");
  const addresses = before("x-forwarded-for");
  head.push(
    "forwarded",
    forwarded === undefined ? element : `${forwarded}, ${element}`,
    "x-forwarded-for",
    addresses === undefined ? peer : `${addresses}, ${peer}`,
    "x-forwarded-host",
    before("x-forwarded-host") ?? clientHost,
    "x-forwarded-proto",
    before("x-forwarded-proto") ?? proto,
    "via",
    `${through}${request.httpVersion} ${via}`,
    "traceparent",
    formatTraceparent(trace),
  );
  if (trace.state !== undefined) head.push("tracestate", trace.state);
  if (headers["content-length"] !== undefined)
    head.push("content-length", headers["content-length"]);
  return edits === undefined ? head : edits.apply(head);
}

/** Written anew for the upstream, whatever the client sent. */
const ownHeaders = new Set(["content-length", "expect", "host", "traceparent", "tracestate"]);
/** Continued rather than passed on beside our own. */
const rewritten = new Set([
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(", ") : header;
}
