import {
  durationProblems,
  listProblems,
  originProblems,
  textProblems,
  unknownFields,
  urlProblems,
} from "./fields.ts";

/** The paths that sessions answer themselves, as limits name them. */
export const sessionRoutes = "/auth/*";

/** The OpenID Connect provider that signs users in. */
export interface OidcOptions {
  /** Its issuer URL; below it lies `/.well-known/openid-configuration`. */
  readonly issuer: string;
  readonly clientId: string;
  /** The client's secret, in a file that only its owner can read, as seen from the app's module. Without it: a public client. */
  readonly clientSecretFile?: string;
  /** Default `["openid"]`, which is always among them. `offline_access` asks for a refresh token. */
  readonly scopes?: readonly string[];
  /** The claims of the ID token that go on to services. Default: all but those of the token itself. */
  readonly claims?: readonly string[];
}

/** The cookie that holds a session. */
export interface SessionCookie {
  /** Default `session`; `__Host-` comes before it wherever the front door speaks HTTPS. */
  readonly name?: string;
  /**
   * 32 random bytes in base64url, in a file that only its owner can read; more lines are older keys, which still open cookies.
   * Default: a key derived from one that all gateways of the environment have.
   */
  readonly keyFile?: string;
  /** How long a session may go unused, milliseconds. Default 1 800 000 (NIST SP 800-63B, AAL2: 30 minutes). */
  readonly idleMs?: number;
  /** How long a session may last, milliseconds. Default 43 200 000 (NIST SP 800-63B, AAL2: 12 hours). */
  readonly maxMs?: number;
}

/** How users sign in, and how they stay so. */
export interface SessionOptions {
  readonly oidc: OidcOptions;
  readonly cookie?: SessionCookie;
  /** `https://shop.example`: the front door as browsers see it. Without it only `localhost` and 127.0.0.1 can sign in. */
  readonly origin?: string;
  /** Put before `sub`, so that two issuers' users stay apart. Default: none. */
  readonly prefix?: string;
}

/** Users in browsers: OpenID Connect, and a cookie. */
export interface SessionMethod extends SessionOptions {
  readonly method: "session";
}

/** Users in browsers, signed in by an OpenID Connect provider and kept in an encrypted cookie; adds the routes below `/auth`. */
export function session(options: SessionOptions): SessionMethod {
  return { method: "session", ...options };
}

/** What is wrong with it. */
export function sessionProblems(given: SessionMethod): string[] {
  const { oidc, cookie, origin, prefix } = given;
  return [
    ...unknownFields(given, ["method", "oidc", "cookie", "origin", "prefix"]),
    ...(typeof oidc === "object" && oidc !== null ? oidcProblems(oidc) : ["oidc: is missing"]),
    ...(cookie === undefined ? [] : cookieProblems(cookie)),
    ...(origin === undefined ? [] : originProblems("origin", origin)),
    ...(prefix === undefined ? [] : textProblems("prefix", prefix)),
  ];
}

function oidcProblems(oidc: OidcOptions): string[] {
  const { clientSecretFile, scopes, claims } = oidc;
  return [
    ...unknownFields(oidc, ["issuer", "clientId", "clientSecretFile", "scopes", "claims"], "oidc."),
    ...urlProblems("oidc.issuer", oidc.issuer),
    ...textProblems("oidc.clientId", oidc.clientId),
    ...(clientSecretFile === undefined
      ? []
      : textProblems("oidc.clientSecretFile", clientSecretFile)),
    ...(scopes === undefined ? [] : listProblems("oidc.scopes", scopes, { least: 0 })),
    ...(claims === undefined ? [] : listProblems("oidc.claims", claims, { least: 0 })),
  ];
}

function cookieProblems(cookie: SessionCookie): string[] {
  const { name, keyFile, idleMs, maxMs } = cookie;
  return [
    ...unknownFields(cookie, ["name", "keyFile", "idleMs", "maxMs"], "cookie."),
    ...(name === undefined || /^[A-Za-z0-9]{1,40}$/.test(name)
      ? []
      : ["cookie.name: takes up to 40 letters and digits; __Host- is put before it"]),
    ...(keyFile === undefined ? [] : textProblems("cookie.keyFile", keyFile)),
    ...(idleMs === undefined ? [] : durationProblems("cookie.idleMs", idleMs)),
    ...(maxMs === undefined ? [] : durationProblems("cookie.maxMs", maxMs)),
  ];
}
