import type { IncomingMessage } from "node:http";
import { KerfError } from "@kerf/kernel";

/** Where a request of the program is to go. */
export type OutboundTarget =
  /** An operation of a service that it uses; `target`: path and query within that service. */
  | { readonly service: string; readonly target: string }
  /** An event of its own; without a name it says itself what it is. */
  | { readonly event: string | undefined }
  /** A host outside of the app. */
  | { readonly host: string; readonly target: string };

/**
 * Three ways say the same: `http://catalog/list` through the proxy, `/list` with `Host: catalog`, and `/catalog/list` at the sidecar's
 * own address. Throws `not_found` when none is meant.
 * @param own the name that the sidecar has beside its address, if it has one
 */
export function targetOf(
  request: IncomingMessage,
  uses: ReadonlySet<string>,
  own?: string,
): OutboundTarget {
  const { url = "", headers } = request;
  const absolute = /^http:\/\/([^/?#]+)(.*)$/i.exec(url);
  const host = (absolute?.[1] ?? headers.host ?? "").toLowerCase();
  const path = absolute === null ? url : absolute[2] === "" ? "/" : (absolute[2] as string);
  const name = host.replace(/:80$/, "");
  if (uses.has(name)) return { service: name, target: path };
  if (absolute !== null && !isSidecar(request, host, own)) return { host, target: path };
  const [, first = "", rest = ""] = /^\/([^/?#]+)(.*)$/.exec(path) ?? [];
  const event = /^(?:\/([A-Za-z][A-Za-z0-9]*))?$/.exec(rest);
  if (first === "events" && event !== null) return { event: event[1] };
  if (uses.has(first)) return { service: first, target: rest === "" ? "/" : rest };
  throw new KerfError("not_found", {
    message: `Nothing answers at ${path} here.`,
    why: `The service uses ${[...uses].join(", ") || "no other"}.`,
    fix: "Send POST /SERVICE/OPERATION for a service that it declares in uses, or POST /events/NAME.",
  });
}

/** Some clients send requests to the proxy's own address through the proxy. */
function isSidecar({ socket }: IncomingMessage, host: string, own: string | undefined): boolean {
  const { localAddress, localPort } = socket;
  const names = [localAddress, own, "127.0.0.1", "localhost"];
  return names.some((name) => host === `${name}:${localPort}`);
}
