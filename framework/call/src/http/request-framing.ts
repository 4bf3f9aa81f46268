import type { IncomingMessage } from "node:http";

// uri-host and port (RFC 3986, 3.2.2): a name, an IPv4 address, or an IPv6 address in brackets. No user, no list, no path.
const hostPattern = /^(?:[a-z0-9._~%!$&'()*+;=-]+|\[[0-9a-f:.]+\])(?::(\d{0,5}))?$/i;
const absoluteForm = /^https?:\/\/([^/?#]*)/i;

/**
 * Why a request that Node's parser (llhttp, strict) let through has no one meaning, or undefined. A program in front that
 * reads it otherwise would disagree with us on where it ends or whom it is for; so its connection must not go on.
 */
export function framingFault(request: IncomingMessage): string | undefined {
  const { headers, httpVersion, rawHeaders } = request;
  // llhttp takes 0.9 and 2.0 as well, in the syntax of 1.1.
  if (httpVersion !== "1.1" && httpVersion !== "1.0")
    return "its version is neither HTTP/1.1 nor HTTP/1.0";
  const coding = headers["transfer-encoding"];
  if (coding !== undefined) {
    // HTTP/1.0 has no codings: its programs find another end of the body (RFC 9112, 6.1).
    if (httpVersion === "1.0") return "HTTP/1.0 has no transfer codings";
    // llhttp asks only that chunked is the last one; the others would stay on the body.
    if (coding.toLowerCase() !== "chunked") return 'its transfer coding is not "chunked" alone';
  }
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  if (hosts > 1) return "it names its host twice";
  if (hosts === 0 && httpVersion === "1.1") return "it names no host";
  const target = request.url ?? "";
  if (target.includes("#")) return "its target has a fragment";
  if (target === "*" && request.method !== "OPTIONS") return '"*" is a target of OPTIONS only';
  return hostFault(headers.host, target);
}

function hostFault(host: string | undefined, target: string): string | undefined {
  if (host !== undefined) {
    const match = hostPattern.exec(host);
    if (match === null || Number(match[1] ?? 0) > 65_535) return "its host is none";
  }
  if (target.startsWith("/") || target === "*") return undefined;
  const authority = absoluteForm.exec(target)?.[1];
  if (authority === undefined) return "its target is neither a path nor an http URL";
  // The target would win (RFC 9112, 3.2.2), but not every program knows that.
  if (host !== undefined && authority.toLowerCase() !== host.toLowerCase())
    return "its target and its header name different hosts";
  return hostPattern.test(authority) ? undefined : "its target names no host";
}
