import type { IncomingMessage } from "node:http";
import { BoundedCache, type PrincipalSigner, type PublicKey } from "@kerf/call";
import type { Identity } from "@kerf/call/http";
import { type Clock, KerfError, type Principal } from "@kerf/kernel";
import { tokenAlgorithm, tokenIdentity } from "@kerf/service";
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, type JWTPayload } from "jose";

/** How far the clocks of two machines may be apart, seconds. */
const skewS = 30;
/** How long a verified token is trusted without looking again, milliseconds; never beyond its own expiry. */
const trustMs = 60_000;
/** How many verified tokens are remembered. */
const rememberedTokens = 10_000;
/** How long a signed principal is good for at least when it leaves here: longer than any call that sets no deadline. */
const principalLifeMs = trustMs + 60_000;

const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

interface Verified {
  readonly identity: Identity;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly until: number;
}

/** What tokens are checked against, and what is made of them. */
export interface BearerOptions {
  readonly app: string;
  readonly environment: string;
  /** The issuer's public keys, from the newest snapshot. */
  readonly keys: () => readonly PublicKey[];
  readonly signer: PrincipalSigner;
  readonly clock: Clock;
}

/** Users by the tokens of the app's own issuer: verified, remembered for a minute, and signed for the services behind. */
export class BearerAuthentication {
  readonly #options: BearerOptions;
  #keys: readonly PublicKey[] = [];
  #keySet: ReturnType<typeof createLocalJWKSet> = createLocalJWKSet({ keys: [] });
  #verified = new BoundedCache<string, Verified>(rememberedTokens);

  constructor(options: BearerOptions) {
    this.#options = options;
  }

  /**
   * Who sent the request; nobody when it has no Authorization header. Credentials that do not hold are refused wherever they
   * are sent, public routes included: their sender must not take an answer for everybody for an answer to itself.
   * @throws KerfError `unauthenticated`
   */
  async identify(request: IncomingMessage): Promise<Identity> {
    const { authorization } = request.headers;
    if (authorization === undefined) return {};
    const token = bearer.exec(authorization)?.[1];
    if (token === undefined) throw refused("The Authorization header holds no bearer token.");
    this.#followKeys();
    const known = this.#verified.get(token);
    if (known !== undefined && this.#options.clock.wall() < known.until) return known.identity;
    return this.#verify(token);
  }

  async #verify(token: string): Promise<Identity> {
    const { app, environment, clock, signer } = this.#options;
    const verified = this.#verified;
    const now = clock.wall();
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#keySet, {
        ...tokenIdentity(app, environment),
        // Pinned: what a token says of its own algorithm is the attacker's choice.
        algorithms: [tokenAlgorithm],
        typ: "JWT",
        requiredClaims: ["sub", "iat", "exp"],
        clockTolerance: skewS,
        currentDate: new Date(now),
      }));
    } catch (cause) {
      throw refused(
        cause instanceof errors.JWTExpired ? "The token has expired." : "The token is not valid.",
        cause,
      );
    }
    const principal = principalOf(payload);
    const identity = { principal, principalToken: signer.sign(principal, principalLifeMs) };
    const until = Math.min(now + trustMs, (payload.exp as number) * 1_000);
    // Into the memory that belongs to the keys it was verified with: they may have changed meanwhile.
    verified.set(token, { identity, until });
    return identity;
  }

  /** Takes new keys over, and forgets what the old ones proved. */
  #followKeys(): void {
    const keys = this.#options.keys();
    if (keys === this.#keys) return;
    const changed = JSON.stringify(keys) !== JSON.stringify(this.#keys);
    this.#keys = keys;
    if (!changed) return;
    this.#keySet = createLocalJWKSet({ keys } as unknown as JSONWebKeySet);
    this.#verified = new BoundedCache(rememberedTokens);
  }
}

function principalOf(payload: JWTPayload): Principal {
  const {
    iss: _iss,
    aud: _aud,
    sub,
    exp: _exp,
    nbf: _nbf,
    iat: _iat,
    jti: _jti,
    ...claims
  } = payload;
  if (typeof sub !== "string" || sub === "") throw refused("The token names no user.");
  return Object.freeze({ subject: sub, claims: Object.freeze(claims) });
}

function refused(message: string, cause?: unknown): KerfError {
  return new KerfError("unauthenticated", {
    message,
    fix: "Sign in again, and send the new token as: Authorization: Bearer TOKEN",
    cause,
  });
}
