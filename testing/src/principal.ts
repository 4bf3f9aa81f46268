import type { Principal } from "@kerf/kernel";

/** An end user for `as()`: the subject of the token that a gateway would have verified, and its further claims. */
export function principal(
  subject: string,
  claims: Readonly<Record<string, unknown>> = {},
): Principal {
  return { subject, claims };
}
