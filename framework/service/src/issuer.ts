import { type Clock, KerfError } from "@kerf/kernel";

/** Signs users' tokens with the app's own key (EdDSA); gateways accept them as bearer tokens. */
export interface TokenIssuer {
  /**
   * A JWT for `subject`; `claims` go along unchanged. `expiresInS`: seconds, default 3 600, at most 86 400. Throws
   * `internal` for what no token may say, and `not_ready` where nobody gave the service a key.
   */
  sign(token: {
    subject: string;
    claims?: Readonly<Record<string, unknown>>;
    expiresInS?: number;
  }): Promise<string>;
}

/** The signature algorithm of users' tokens, as JWS calls it (RFC 8037). */
export const tokenAlgorithm = "EdDSA";
/** Seconds that a token lives when nobody says how long: long enough for a visit, short enough to lose. */
export const tokenLifetimeS = 3_600;
/** Seconds that a token may live at most: there is no list of revoked ones. */
export const maxTokenLifetimeS = 86_400;

/** What a token of the app's own issuer says of its origin (`iss`) and of who may accept it (`aud`). */
export function tokenIdentity(
  app: string,
  environment: string,
): { issuer: string; audience: string } {
  return { issuer: app, audience: `${app}:${environment}` };
}

/** The claims that the token itself needs (RFC 7519, section 4.1). */
const registered: readonly string[] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/** A private key as JWK (Ed25519) with `kid`. */
export type IssuerKey = Readonly<Record<string, unknown>>;

/** The issuer of one app in one environment. */
export class KeyedTokenIssuer implements TokenIssuer {
  readonly #options: { app: string; environment: string; key: IssuerKey; clock: Clock };
  #signer: Promise<Signer> | undefined;

  constructor(options: { app: string; environment: string; key: IssuerKey; clock: Clock }) {
    this.#options = options;
  }

  async sign(token: Parameters<TokenIssuer["sign"]>[0]): Promise<string> {
    const lifetime = token.expiresInS ?? tokenLifetimeS;
    checkToken(token.subject, token.claims ?? {}, lifetime);
    const { app, environment, clock } = this.#options;
    const { issuer, audience } = tokenIdentity(app, environment);
    const now = Math.floor(clock.wall() / 1000);
    this.#signer ??= signerOf(this.#options.key);
    const sign = await this.#signer;
    return sign({
      ...token.claims,
      iss: issuer,
      aud: audience,
      sub: token.subject,
      iat: now,
      exp: now + lifetime,
    });
  }
}

/** What a service without `issuer: true`, or without a key, gets: it says what to do instead of signing. */
export function refusingIssuer(service: string, declared: boolean): TokenIssuer {
  return {
    sign: () =>
      Promise.reject(
        declared
          ? new KerfError("not_ready", {
              message: `The service ${service} has no key to sign users' tokens with.`,
              fix: "Start it with the platform (kerf dev), or give the test's runtime an issuer key.",
            })
          : new KerfError("invalid_app", {
              message: `The service ${service} may not sign users' tokens.`,
              why: "One service of an app does, and declares it.",
              fix: `Declare it: service(${service}, { issuer: true, … }).`,
            }),
      ),
  };
}

type Signer = (claims: Readonly<Record<string, unknown>>) => Promise<string>;

/** Loads the library when the first token is signed: most services never do. */
async function signerOf(key: IssuerKey): Promise<Signer> {
  const [{ SignJWT }, { importJWK }] = await Promise.all([
    import("jose/jwt/sign"),
    import("jose/key/import"),
  ]);
  const imported = await importJWK(key, tokenAlgorithm);
  const header = { alg: tokenAlgorithm, typ: "JWT", kid: String(key["kid"]) };
  return (claims) => new SignJWT({ ...claims }).setProtectedHeader(header).sign(imported);
}

function checkToken(
  subject: string,
  claims: Readonly<Record<string, unknown>>,
  lifetime: number,
): void {
  const taken = Object.keys(claims).filter((claim) => registered.includes(claim));
  const problem =
    typeof subject !== "string" || subject === "" || subject.length > 255
      ? "its subject must be a text of 1 to 255 characters"
      : taken.length > 0
        ? `the claims ${taken.join(", ")} are the token's own`
        : !Number.isInteger(lifetime) || lifetime < 1 || lifetime > maxTokenLifetimeS
          ? `expiresInS must be a whole number from 1 to ${maxTokenLifetimeS}`
          : undefined;
  if (problem === undefined) return;
  throw new KerfError("internal", {
    message: `The token cannot be signed: ${problem}.`,
    fix: "Correct what issuer.sign() is given.",
  });
}
