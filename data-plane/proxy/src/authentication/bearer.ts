import type { IncomingMessage } from "node:http";
import { BoundedCache } from "@kerf/call";
import { type Clock, KerfError } from "@kerf/kernel";
import { errors } from "jose";
import { type ClaimRules, readClaims } from "./jwt-claims.ts";
import { maxTokenLength, type VerifiedJws, verifyJws } from "./jws.ts";
import type { KeySet, KeySource } from "./key-source.ts";
import { type Method, principalOf, type Proven, refused } from "./method.ts";

/** How long a verified token is trusted without looking again, milliseconds; never beyond its own expiry. */
const trustMs = 60_000;
/** How many verified tokens are remembered. */
const rememberedTokens = 10_000;

const bearer = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;
/** The claims that the token itself needs (RFC 7519, section 4.1). */
const registered: ReadonlySet<string> = new Set(["iss", "sub", "aud", "exp", "nbf", "iat", "jti"]);
const fix = "Sign in again, and send the new token as: Authorization: Bearer TOKEN";

interface Verified extends Proven {
  /** The whole header. */
  readonly authorization: string;
  /** Milliseconds since 1970-01-01 UTC. */
  readonly until: number;
}

/** What the tokens of one issuer are checked against, and what is made of them. */
export interface BearerOptions extends ClaimRules {
  readonly name: "tokens" | "jwt";
  readonly keys: KeySource;
  /** Pinned: what a token says of its own algorithm is the attacker's choice. */
  readonly algorithms: readonly string[];
  /** The claims that go on to services; undefined: all but those of the token itself. */
  readonly claims?: readonly string[] | undefined;
  readonly prefix?: string | undefined;
  readonly clock: Clock;
}

/** Users by the JWTs of one issuer in the Authorization header: verified, and remembered for a minute. */
export class BearerTokens implements Method {
  readonly name: "tokens" | "jwt";
  readonly hint = "Send a bearer token in the Authorization header.";
  readonly #options: BearerOptions;
  #keySet: KeySet | undefined;
  /** By the end of the whole header, which is the end of a signature; looking a short text up costs a fraction of a long one. */
  #verified = new BoundedCache<string, Verified>(rememberedTokens);
  /** What was found last: the header that is asked about is the one that is proved next. */
  #found: Verified | undefined;

  constructor(options: BearerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** A token says whose it is; that only picks who judges it. */
  brings(request: IncomingMessage): boolean {
    const { authorization } = request.headers;
    if (authorization === undefined) return false;
    if (this.#find(authorization) !== undefined) return true;
    const token = bearerToken(request);
    return token !== undefined && issuerOf(token) === this.#options.issuer;
  }

  prove(request: IncomingMessage): Proven | Promise<Proven> {
    const authorization = request.headers.authorization as string;
    const keySet = this.#options.keys.current();
    if (keySet instanceof Promise) {
      return keySet.then((keys) => this.#known(keys, authorization) ?? this.#judge(request));
    }
    return this.#known(keySet, authorization) ?? this.#judge(request);
  }

  #find(authorization: string): Verified | undefined {
    if (this.#found?.authorization === authorization) return this.#found;
    const found = this.#verified.get(endOf(authorization));
    if (found?.authorization !== authorization) return undefined;
    this.#found = found;
    return found;
  }

  /** What was verified before, by keys that are still good. */
  #known(keySet: KeySet, authorization: string): Verified | undefined {
    this.#followKeys(keySet);
    const known = this.#find(authorization);
    return known !== undefined && this.#options.clock.wall() < known.until ? known : undefined;
  }

  async #judge(request: IncomingMessage): Promise<Proven> {
    const authorization = request.headers.authorization as string;
    try {
      return await this.#verify(authorization, bearerToken(request) as string);
    } catch (cause) {
      if (cause instanceof KerfError) throw cause;
      if (cause instanceof errors.JWTExpired) throw refused("The token has expired.", fix, cause);
      throw refused("The token is not valid.", fix, cause);
    }
  }

  async #verify(authorization: string, token: string): Promise<Proven> {
    const { algorithms, claims: carried, clock, keys, prefix } = this.#options;
    const now = clock.wall();
    // Into the memory that belongs to the keys it was verified with: they may change meanwhile.
    let remembered = this.#verified;
    let jws: VerifiedJws;
    try {
      jws = await verifyJws(token, this.#keySet as KeySet, algorithms);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || keys.renew === undefined) throw error;
      await keys.renew();
      this.#followKeys(await keys.current());
      remembered = this.#verified;
      jws = await verifyJws(token, this.#keySet as KeySet, algorithms);
    }
    const claims = readClaims(jws.header, jws.payload, this.#options, now / 1_000);
    const going = Object.entries(claims).filter(([name]) =>
      carried === undefined ? !registered.has(name) : carried.includes(name),
    );
    const verified: Verified = {
      authorization,
      principal: principalOf(claims.sub, Object.fromEntries(going), prefix),
      until: Math.min(now + trustMs, claims.exp * 1_000),
    };
    remembered.set(endOf(authorization), verified);
    return verified;
  }

  /** Takes new keys over, and forgets what the old ones proved. */
  #followKeys(keySet: KeySet): void {
    if (keySet === this.#keySet) return;
    this.#keySet = keySet;
    this.#verified = new BoundedCache(rememberedTokens);
    this.#found = undefined;
  }
}

/** Enough of a signature that no two tokens have the same by chance: 24 letters of base64url are 144 bits. */
function endOf(authorization: string): string {
  return authorization.slice(-24);
}

/** The token of the Authorization header, when it has the form of one. */
export function bearerToken(request: IncomingMessage): string | undefined {
  const { authorization } = request.headers;
  return authorization === undefined ? undefined : bearer.exec(authorization)?.[1];
}

/** The issuer that a token names, not proven in any way. */
function issuerOf(token: string): unknown {
  const payload = token.length > maxTokenLength ? undefined : token.split(".")[1];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString("utf8")) as unknown;
    return (claims as { iss?: unknown } | null)?.iss;
  } catch {
    return undefined;
  }
}
