import { createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { KerfError } from "@kerf/kernel";

/** The header that brings the token of a session's own pages. */
export const csrfHeader = "x-csrf-token";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** The token that a session's own pages can read from `/auth/session`, and nobody else's. */
export function csrfToken(sessionId: string, key: Uint8Array): string {
  return createHmac("sha256", key).update(sessionId).digest("base64url");
}

/**
 * Refuses what another site's page could have sent with the cookie of this one. A browser says where a request comes from
 * (`Sec-Fetch-Site`, else `Origin`); a client that says neither proves with the token that it can read our answers. An
 * upgrade counts as a change: a WebSocket is opened with GET from anywhere.
 * @throws KerfError `forbidden`
 */
export function refuseOtherSites(
  request: IncomingMessage,
  origin: () => string,
  token: () => string,
): void {
  const { headers, method = "" } = request;
  if (safeMethods.has(method) && headers.upgrade === undefined) return;
  const site = headers["sec-fetch-site"];
  if (site === "same-origin" || site === "none") return;
  if (site === undefined && headers.origin !== undefined && headers.origin === origin()) return;
  const given = headers[csrfHeader];
  if (typeof given === "string" && sameText(given, token())) return;
  throw new KerfError("forbidden", {
    message: "This request may come from another site's page.",
    why: "It is signed in by a cookie, which browsers send along with whatever page asks.",
    fix: `Send it from a page of this site, or with the csrfToken of GET /auth/session in the header ${csrfHeader}.`,
  });
}

function sameText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
