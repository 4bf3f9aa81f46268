/** The path of a request target, cut into decoded segments, or why it cannot be. */
export type PathSegments =
  | { readonly segments: readonly string[]; readonly bad?: undefined }
  | { readonly bad: string; readonly segments?: undefined };

// Absolute form (RFC 9112, 3.2.2): servers must take it although only proxies are sent it.
const authority = /^https?:\/\/[^/?#]*/i;

/** Splits a request target into its path and its query string (without `?`). */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.startsWith("/") ? target : target.replace(authority, "");
  const end = local.indexOf("?");
  if (end < 0) return { path: local === "" ? "/" : local, query: "" };
  return { path: local.slice(0, end) || "/", query: local.slice(end + 1) };
}

/**
 * Cuts first and decodes once, segment by segment, so that an encoded slash stays inside its segment. Dot segments are
 * refused in every spelling: what they mean differs between the programs that a request passes.
 */
export function pathSegments(path: string): PathSegments {
  if (!path.startsWith("/")) return { bad: 'it does not start with "/"' };
  if (path === "/") return { segments: [] };
  const segments = path.slice(1).split("/");
  for (let i = 0; i < segments.length; i++) {
    let segment = segments[i] as string;
    if (segment.includes("%")) {
      try {
        segment = decodeURIComponent(segment);
      } catch {
        return { bad: `segment ${i + 1} is not percent-encoded UTF-8` };
      }
      segments[i] = segment;
    }
    if (segment === "." || segment === "..")
      return { bad: `segment ${i + 1} is "." or "..", which no route has` };
    if (segment.includes("\0")) return { bad: `segment ${i + 1} holds a NUL character` };
  }
  return { segments };
}
