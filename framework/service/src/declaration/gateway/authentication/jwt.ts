import { fileOrUrlProblems, listProblems, textProblems, unknownFields } from "./fields.ts";

/** Signature algorithms that a token may be signed with: asymmetric ones only, so that no public key can pass for a secret. */
export const tokenAlgorithms = [
  "EdDSA",
  "Ed25519",
  "ES256",
  "ES384",
  "ES512",
  "PS256",
  "PS384",
  "PS512",
  "RS256",
  "RS384",
  "RS512",
] as const;

/** One of the algorithms of RFC 7518 (3.1) and RFC 8037. */
export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** What the tokens of another issuer are checked against. */
export interface JwtOptions {
  /** `iss`, character by character. */
  readonly issuer: string;
  /** `aud`: who the tokens must be meant for. */
  readonly audience: string;
  /** The issuer's public keys (RFC 7517): fetched from a URL and refreshed, or read from a file beside the app's module. */
  readonly jwks: { readonly url: string } | { readonly file: string };
  /** The algorithms that the issuer signs with. What a token says of its own is never believed. */
  readonly algorithms: readonly TokenAlgorithm[];
  /** The claims that go on to services. Default: all but those of the token itself. */
  readonly claims?: readonly string[];
  /** Put before `sub`, so that two issuers' users stay apart: `partner:`. Default: none. */
  readonly prefix?: string;
}

/** Bearer tokens of another issuer. */
export interface JwtMethod extends JwtOptions {
  readonly method: "jwt";
}

/** Users by the JWTs of another issuer. */
export function jwt(options: JwtOptions): JwtMethod {
  return { method: "jwt", ...options };
}

/** What is wrong with it. */
export function jwtProblems(given: JwtMethod): string[] {
  return [
    ...unknownFields(given, [
      "method",
      "issuer",
      "audience",
      "jwks",
      "algorithms",
      "claims",
      "prefix",
    ]),
    ...textProblems("issuer", given.issuer),
    ...textProblems("audience", given.audience),
    ...fileOrUrlProblems("jwks", given.jwks),
    ...listProblems("algorithms", given.algorithms, { least: 1 }),
    ...algorithmProblems(given.algorithms),
    ...(given.claims === undefined ? [] : listProblems("claims", given.claims, { least: 0 })),
    ...(given.prefix === undefined ? [] : textProblems("prefix", given.prefix)),
  ];
}

function algorithmProblems(given: unknown): string[] {
  if (!Array.isArray(given)) return [];
  return given
    .filter((name) => !(tokenAlgorithms as readonly unknown[]).includes(name))
    .map(
      (name) =>
        `algorithms: ${JSON.stringify(name)} cannot be used; only asymmetric ones prove who signed: ${tokenAlgorithms.join(", ")}`,
    );
}
