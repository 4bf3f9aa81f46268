import { httpClient } from "@kerf/call/browser";
import { platform, sessionKeyHeader } from "@kerf/control-api";
import { type ErrorShape, KerfError } from "@kerf/kernel";

/** Where this page keeps its half of the session: in the storage of this very port, which no other one can read. */
const keyPlace = "kerf-session-key";

/** The page's half of the session; empty when nobody is signed in. */
export function sessionKey(): string {
  return localStorage.getItem(keyPlace) ?? "";
}

/** Keeps the page's half of the session; without one, forgets it. */
export function keepSessionKey(key: string | undefined): void {
  if (key === undefined) localStorage.removeItem(keyPlace);
  else localStorage.setItem(keyPlace, key);
}

/** What every request carries. */
export function sessionHeaders(): Record<string, string> {
  return { [sessionKeyHeader]: sessionKey() };
}

/** The control API. */
export const client = httpClient(platform, {
  baseUrl: location.origin,
  headers: sessionHeaders,
  fetch: (...request) => fetch(...request),
});

/** The error that a person should read: of whoever failed, not of the way there. */
export function errorOf(thrown: unknown): Pick<ErrorShape, "code" | "message" | "why" | "fix"> {
  if (!(thrown instanceof KerfError))
    return { code: "internal", message: (thrown as Error).message ?? String(thrown) };
  if (thrown.declared && thrown.code === "failed") return thrown.data as ErrorShape;
  if (thrown.code === "unavailable" || thrown.code === "connection_lost")
    return {
      code: thrown.code,
      message: "The platform does not answer.",
      why: "Its process has ended or is just starting again. What it started goes on serving meanwhile.",
      fix: "kerf status says more; this page tries again by itself.",
    };
  return thrown.toShape();
}
