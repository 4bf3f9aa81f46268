import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
  type webcrypto,
} from "node:crypto";
import { type Clock, KerfError, type Principal } from "@kerf/kernel";
import { BoundedCache } from "./bounded-cache.ts";
import { deepFreeze } from "./json/freeze.ts";
import type { PublicKey } from "./placement.ts";

const cachedTokens = 10_000;
/** How long a token is handed out again for the same principal, milliseconds. */
const reuseMs = 60_000;
/** Least time that a token still lives when it is handed out: the longest default deadline with a margin, milliseconds. */
const leastLifeMs = 60_000;
/** How far the clocks of two machines may be apart, milliseconds. */
const skewMs = 30_000;
/** Tokens travel with every call: one that is larger holds data that belongs in a database. */
const maxTokenLength = 8_192;

interface Signed {
  token: string;
  reuseUntil: number;
}

interface Verified {
  kid: string;
  principal: Principal;
  validUntil: number;
}

/** What a token says; short names because it travels with every call. */
interface TokenBody {
  /** Key id. */
  kid: string;
  /** Audience: the environment. */
  aud: string;
  /** Expiry, seconds since 1970-01-01 UTC. */
  exp: number;
  sub: string;
  claims: Record<string, unknown>;
}

/**
 * Signs principals at the gateway, once for all the calls that a request causes. A token is
 * `base64url(JSON).base64url(Ed25519 signature of the first part)`.
 */
export class PrincipalSigner {
  readonly #key: KeyObject;
  readonly #kid: string;
  readonly #environment: string;
  readonly #clock: Clock;
  readonly #tokens = new BoundedCache<string, Signed>(cachedTokens);

  /** @param privateKey an Ed25519 private key as JWK, with `kid` */
  constructor(
    privateKey: Readonly<Record<string, unknown>>,
    options: { environment: string; clock: Clock },
  ) {
    this.#key = createPrivateKey({ key: privateKey as webcrypto.JsonWebKey, format: "jwk" });
    this.#kid = String(privateKey["kid"]);
    this.#environment = options.environment;
    this.#clock = options.clock;
  }

  /** The token for `principal`; the same one for up to 60 s. `lifeMs`: how long it must be good for, at least. */
  sign(principal: Principal, lifeMs = leastLifeMs): string {
    const now = this.#clock.wall();
    const key = JSON.stringify([principal.subject, principal.claims]);
    const cacheable = lifeMs <= leastLifeMs;
    if (cacheable) {
      const signed = this.#tokens.get(key);
      if (signed !== undefined && now < signed.reuseUntil) return signed.token;
    }
    const body: TokenBody = {
      kid: this.#kid,
      aud: this.#environment,
      exp: Math.ceil((now + reuseMs + Math.max(lifeMs, leastLifeMs)) / 1_000),
      sub: principal.subject,
      claims: principal.claims,
    };
    const payload = Buffer.from(JSON.stringify(body)).toString("base64url");
    const token = `${payload}.${sign(null, Buffer.from(payload), this.#key).toString("base64url")}`;
    if (token.length > maxTokenLength) {
      throw new KerfError("invalid_configuration", {
        message: `The claims of ${JSON.stringify(principal.subject)} are too large to travel with every call.`,
        fix: `Put less into the user's token; at most ${maxTokenLength} bytes in all.`,
      });
    }
    if (cacheable) this.#tokens.set(key, { token, reuseUntil: now + reuseMs });
    return token;
  }
}

/** Verifies the principals that gateways signed, at the callee; remembers what it has verified. */
export class PrincipalVerifier {
  readonly #keys: () => readonly PublicKey[];
  readonly #environment: string;
  readonly #clock: Clock;
  readonly #verified = new BoundedCache<string, Verified>(cachedTokens);
  readonly #imported = new BoundedCache<PublicKey, KeyObject>(64);

  /** @param keys the environment's keys, from the newest snapshot */
  constructor(keys: () => readonly PublicKey[], options: { environment: string; clock: Clock }) {
    this.#keys = keys;
    this.#environment = options.environment;
    this.#clock = options.clock;
  }

  /** The principal that `token` names; throws `unauthenticated` when it is forged, expired or of another environment. */
  verify(token: string): Principal {
    const now = this.#clock.wall();
    const known = this.#verified.get(token);
    if (known !== undefined) {
      // A key that was taken back ends what it signed: the list is asked again, which costs nothing beside a call.
      if (now <= known.validUntil && this.#keys().some((key) => key.kid === known.kid))
        return known.principal;
      this.#verified.delete(token);
    }
    if (token.length > maxTokenLength) throw refused("It is too large.");
    const dot = token.indexOf(".");
    const payload = token.slice(0, dot);
    const body = dot > 0 ? parseBody(payload) : undefined;
    if (body === undefined) throw refused("It is not a token of this platform.");
    const key = this.#keys().find((candidate) => candidate.kid === body.kid);
    if (key === undefined) throw refused("The key that it names is not one of this environment.");
    const signature = Buffer.from(token.slice(dot + 1), "base64url");
    if (!verify(null, Buffer.from(payload), this.#import(key), signature))
      throw refused("Its signature is not valid.");
    if (body.aud !== this.#environment) throw refused("It was made for another environment.");
    const validUntil = body.exp * 1_000 + skewMs;
    if (now > validUntil) throw refused("It has expired.");
    const principal = deepFreeze<Principal>({ subject: body.sub, claims: body.claims });
    this.#verified.set(token, { principal, validUntil, kid: body.kid });
    return principal;
  }

  #import(key: PublicKey): KeyObject {
    let imported = this.#imported.get(key);
    if (imported === undefined) {
      imported = createPublicKey({ key: key as unknown as webcrypto.JsonWebKey, format: "jwk" });
      this.#imported.set(key, imported);
    }
    return imported;
  }
}

function parseBody(payload: string): TokenBody | undefined {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    return undefined;
  }
  if (typeof body !== "object" || body === null) return undefined;
  const { kid, aud, exp, sub, claims } = body as Partial<TokenBody>;
  const valid =
    typeof kid === "string" &&
    typeof aud === "string" &&
    typeof exp === "number" &&
    typeof sub === "string" &&
    typeof claims === "object" &&
    claims !== null &&
    !Array.isArray(claims);
  return valid ? (body as TokenBody) : undefined;
}

function refused(why: string): KerfError {
  return new KerfError("unauthenticated", {
    message: "The principal that came with the call was refused.",
    why,
    fix: "Sign in again; if it persists, compare the environment and the clocks of the machines.",
  });
}
