import type { Http2Request } from "./request.ts";
import { hostFault } from "../request-framing.ts";

/**
 * Why a request that nghttp2 let through has no one meaning once it is passed on in HTTP/1.1, or undefined. nghttp2 itself
 * resets streams with upper-case names, line breaks or NUL in values, connection headers, pseudo headers that are unknown, come
 * twice or after fields, and lengths that are not those of the body.
 */
export function http2Fault(request: Http2Request): string | undefined {
  const { method, scheme, authority, url, rawHeaders } = request;
  if (!/^[A-Z][A-Z-]{0,31}$/.test(method)) return "its method is none";
  if (scheme !== "http" && scheme !== "https") return "its scheme is neither http nor https";
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name === "host" && ++hosts > 1) return "it names its host twice";
    // The body's end is the stream's; a field that says otherwise is for whoever reads it in HTTP/1.1.
    if (name === "transfer-encoding" || name === "upgrade" || name === "connection")
      return `HTTP/2 has no "${name}"`;
  }
  const { host } = request.fields;
  if (
    authority !== undefined &&
    host !== undefined &&
    authority.toLowerCase() !== host.toLowerCase()
  )
    return "its :authority and its host name different hosts";
  if (authority === undefined && host === undefined) return "it names no host";
  if (url === "*") return method === "OPTIONS" ? undefined : '"*" is a target of OPTIONS only';
  if (!url.startsWith("/")) return "its path is none";
  if (!/^[\x21-\x7e]+$/.test(url))
    return "its path holds blanks or bytes that are no visible ASCII";
  if (url.includes("#")) return "its path has a fragment";
  return hostFault(authority ?? host, url);
}
