import type { ImageSidecar } from "./foreign-image.ts";

/** Where the sidecar takes what the program sends to others; nothing else listens there. */
export const outboundPort = 15_001;

/** What a program beside a sidecar is told, beside what was asked for. The proxy is for those that call through it: others find their own way out. `host`: of the sidecar. */
export function variablesBeside(
  name: string,
  host: string,
  { allow, emits = {}, uses }: ImageSidecar = { allow: [], uses: [] },
): Record<string, string> {
  const own = "127.0.0.1,localhost";
  const url = `http://${host}:${outboundPort}`;
  if (allow.length + uses.length + Object.keys(emits).length === 0) return { KERF_SERVICE: name };
  return {
    KERF_SERVICE: name,
    KERF_URL: url,
    HTTP_PROXY: url,
    http_proxy: url,
    NO_PROXY: own,
    no_proxy: own,
  };
}
