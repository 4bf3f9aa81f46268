import { KerfError } from "@kerf/kernel";
import type { Credentials } from "./credentials.ts";

/** What a registry wants to know before it answers (RFC 9110, section 11.6.1). */
export interface Challenge {
  readonly scheme: "basic" | "bearer";
  readonly parameters: Readonly<Record<string, string>>;
}

/** How long the server that gives tokens may take, milliseconds. */
const tokenMs = 20_000;

/** Reads a challenge; undefined for one that we cannot meet. */
export function challengeOf(header: string | null): Challenge | undefined {
  const [, scheme = "", rest = ""] = /^\s*(\w+)\s*(.*)$/.exec(header ?? "") ?? [];
  const kind = scheme.toLowerCase();
  if (kind !== "basic" && kind !== "bearer") return undefined;
  const parameters: Record<string, string> = {};
  for (const [, name = "", value = ""] of rest.matchAll(/(\w+)="([^"]*)"/g))
    parameters[name.toLowerCase()] = value;
  return { scheme: kind, parameters };
}

/** The header that meets a challenge: the credentials themselves, or a token that they are exchanged for (https://distribution.github.io/distribution/spec/auth/token/). Throws `unauthenticated`. */
export async function authorization(
  { parameters, scheme }: Challenge,
  credentials: Credentials | undefined,
  about: { readonly registry: string; readonly repository: string },
): Promise<string> {
  if (scheme === "basic") {
    if (credentials === undefined)
      throw loggedOut(about.registry, "It wants a user and a password.");
    return basic(credentials);
  }
  const { realm, scope = `repository:${about.repository}:pull,push`, service } = parameters;
  if (realm === undefined || !URL.canParse(realm))
    throw loggedOut(about.registry, "It did not say who gives tokens for it.");
  const { hostname, protocol } = new URL(realm);
  // The password goes there.
  if (protocol !== "https:" && !isLoopback(hostname))
    throw loggedOut(about.registry, `It wants the password sent to ${hostname} in clear text.`);
  const token =
    credentials?.identityToken === undefined
      ? await got(new URL(realm), { service, scope }, credentials)
      : await exchanged(realm, { service, scope }, credentials.identityToken);
  if (token === undefined)
    throw loggedOut(about.registry, `${new URL(realm).host} gives us no token for it.`);
  return `Bearer ${token}`;
}

interface Asked {
  readonly service: string | undefined;
  readonly scope: string;
}

async function got(
  url: URL,
  { scope, service }: Asked,
  credentials: Credentials | undefined,
): Promise<string | undefined> {
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scope);
  const headers: Record<string, string> =
    credentials === undefined ? {} : { authorization: basic(credentials) };
  return tokenIn(await fetch(url, { headers, signal: AbortSignal.timeout(tokenMs) }));
}

async function exchanged(
  realm: string,
  { scope, service = "" }: Asked,
  token: string,
): Promise<string | undefined> {
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    refresh_token: token,
    client_id: "kerf",
    service,
    scope,
  });
  return tokenIn(
    await fetch(realm, { method: "POST", body, signal: AbortSignal.timeout(tokenMs) }),
  );
}

async function tokenIn(response: Response): Promise<string | undefined> {
  if (!response.ok) {
    await response.body?.cancel();
    return undefined;
  }
  const { access_token: access, token } = (await response.json()) as {
    access_token?: string;
    token?: string;
  };
  return token ?? access;
}

/** Whether a host is this machine, to which no network leads. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.startsWith("127.");
}

function basic({ password, user }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

function loggedOut(registry: string, why: string): KerfError {
  return new KerfError("unauthenticated", {
    message: `The registry ${registry} does not know who we are.`,
    why,
    fix: `Log in: docker login ${registry}`,
  });
}
