import type { IncomingMessage } from "node:http";
import { sessionKeyHeader } from "@kerf/control-api";
import { KerfError, type Principal } from "@kerf/kernel";
import type { TokenStore } from "../tokens/token-store.ts";
import type { Session, SessionStore } from "./session-store.ts";

/** Our cookie's name. It has the port in it: cookies of two platforms on one machine lie in one jar. */
export function cookieName(port: number): string {
  return `kerf-session-${port}`;
}

/** The cookie of ours that a request carries. */
export function cookieOf({ headers }: IncomingMessage, port: number): string | undefined {
  const start = `${cookieName(port)}=`;
  return headers.cookie
    ?.split(/; */)
    .find((pair) => pair.startsWith(start))
    ?.slice(start.length);
}

/**
 * The session of a request. Throws `forbidden` for one that another page may have sent, `unauthenticated` without one that holds: also when the
 * token is gone that its link was asked for with.
 */
export function sessionOf(
  request: IncomingMessage,
  port: number,
  sessions: Pick<SessionStore, "find">,
  tokens: Pick<TokenStore, "named">,
): Session & { readonly services?: readonly string[] } {
  checkSite(request);
  const cookie = cookieOf(request, port);
  const key = request.headers[sessionKeyHeader];
  const session =
    cookie === undefined || typeof key !== "string" ? undefined : sessions.find(cookie, key);
  if (session === undefined) throw signedOut("Nobody is signed in here, or not any more.");
  if (session.token === undefined) return session;
  const token = tokens.named(session.token, session.tokenAt ?? "");
  if (token === undefined) throw signedOut(`The token ${session.token} was removed.`);
  return { ...session, services: token.services };
}

/** Throws `forbidden` unless a browser says that our own page sends this; the Origin has been looked at by then. */
export function checkSite({ headers }: IncomingMessage): void {
  const site = headers["sec-fetch-site"];
  if (site === undefined || site === "same-origin") return;
  throw new KerfError("forbidden", {
    message: "Only pages of the dashboard may use its session.",
    why: `The browser says that the request comes from ${String(site).slice(0, 40)}.`,
    fix: "Open the dashboard itself: kerf dashboard",
  });
}

/** Whom a session acts for, as a bearer token would have it. */
export function principalOf({ services, token, user }: ReturnType<typeof sessionOf>): Principal {
  return {
    subject: "operator",
    claims: {
      user,
      ...(token === undefined ? undefined : { token, services: [...(services ?? [])] }),
    },
  };
}

function signedOut(message: string): KerfError {
  return new KerfError("unauthenticated", {
    message,
    fix: "Ask for a link that signs in: kerf dashboard",
  });
}
