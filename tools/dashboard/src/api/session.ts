import { errorOfResponse } from "./response.ts";
import { keepSessionKey, sessionHeaders } from "./client.ts";

/** Who is signed in. */
export interface Session {
  readonly user: string;
  /** The narrowed token that the link was asked for with, and its services; absent for the operator's own. */
  readonly token?: string;
  readonly services?: readonly string[];
  /** ISO 8601. */
  readonly expires: string;
}

/** The code that the address has in its fragment, which is taken out of it: it would stay in the history. */
export function takeCode(): string | undefined {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (code !== undefined) history.replaceState(null, "", `${location.pathname}${location.search}`);
  return code;
}

/** Makes a session of a code. */
export async function signIn(code: string): Promise<Session> {
  const response = await fetch("/session", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ code }),
  });
  if (!response.ok) throw await errorOfResponse(response);
  const { key, ...session } = (await response.json()) as Session & { key: string };
  keepSessionKey(key);
  return session;
}

/** Who is signed in already; undefined for nobody. */
export async function currentSession(): Promise<Session | undefined> {
  const response = await fetch("/session", { headers: sessionHeaders() });
  if (response.status === 401) return undefined;
  if (!response.ok) throw await errorOfResponse(response);
  return (await response.json()) as Session;
}

/** Ends the session, here and in every other window. */
export async function signOut(): Promise<void> {
  await fetch("/session", { method: "DELETE", headers: sessionHeaders() });
  keepSessionKey(undefined);
  location.assign("/");
}
