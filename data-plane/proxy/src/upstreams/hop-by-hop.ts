/** Headers for one connection only; never passed on, in either direction (RFC 9110, 7.6.1, and those of old proxies). */
export const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Further ones that `Connection` names; undefined for the common values. */
export function connectionNames(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || connection === "keep-alive" || connection === "close")
    return undefined;
  return new Set(connection.split(",").map((name) => name.trim().toLowerCase()));
}
