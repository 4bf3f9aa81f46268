import { KerfError } from "@kerf/kernel";
import type { RouteMatch } from "./route-table.ts";

/** Why no operation answers a method and a path. */
export function unmatched(
  match: Exclude<RouteMatch, { readonly route: unknown }>,
  method: string,
): KerfError {
  if ("methodNotAllowed" in match) {
    return new KerfError("method_not_allowed", {
      message: `This path does not take ${method}.`,
      fix: `Use one of ${match.methodNotAllowed.join(", ")}.`,
    });
  }
  if ("badPath" in match) {
    return new KerfError("invalid_input", {
      message: `The path cannot be read: ${match.badPath}.`,
      fix: 'Percent-encode UTF-8, "%" itself as "%25".',
    });
  }
  return new KerfError("not_found", "Nothing answers at this path.");
}
