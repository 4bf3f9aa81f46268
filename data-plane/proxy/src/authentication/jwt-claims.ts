import { errors } from "jose";
import { hasDuplicateNames } from "./duplicate-names.ts";
import { skewS } from "./method.ts";

/** What a token's claims must say. */
export interface ClaimRules {
  readonly issuer: string;
  readonly audience: string;
  /** `typ` in the header, in lower case: one of these. */
  readonly types: readonly string[];
}

/** The claims of a token that holds (RFC 7519, 4.1). */
export interface TokenClaims extends Readonly<Record<string, unknown>> {
  readonly sub: string;
  /** Seconds since 1970-01-01 UTC. */
  readonly exp: number;
}

/**
 * Reads the claims of a token whose signature holds. `typ`, `iss`, `aud`, `sub`, `iat` and `exp` are required, `nbf` is heeded.
 * @param now seconds since 1970-01-01 UTC
 * @throws errors.JWTExpired, or an error that says what is wrong
 */
export function readClaims(
  header: Readonly<Record<string, unknown>>,
  payload: Uint8Array,
  rules: ClaimRules,
  now: number,
): TokenClaims {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
  const claims = JSON.parse(text) as Record<string, unknown>;
  if (typeof claims !== "object" || claims === null || Array.isArray(claims))
    throw new Error("Its claims are no object.");
  if (hasDuplicateNames(text)) throw new Error("It claims something twice.");
  const { typ } = header;
  if (typeof typ !== "string" || !rules.types.includes(typ.toLowerCase()))
    throw new Error("Its type is another one.");
  const { iss, aud, sub, exp, nbf, iat } = claims;
  if (iss !== rules.issuer) throw new Error("Its issuer is another one.");
  if (!(Array.isArray(aud) ? aud : [aud]).includes(rules.audience))
    throw new Error("It is meant for another audience.");
  if (typeof sub !== "string" || sub === "") throw new Error("It names no user.");
  if (!isTime(exp) || !isTime(iat) || !(nbf === undefined || isTime(nbf)))
    throw new Error("Its times are missing or are no numbers.");
  if (exp <= now - skewS) throw new errors.JWTExpired("It has expired.", claims);
  if (iat > now + skewS || (nbf !== undefined && nbf > now + skewS))
    throw new Error("It is not valid yet.");
  return claims as unknown as TokenClaims;
}

function isTime(given: unknown): given is number {
  return typeof given === "number" && Number.isFinite(given);
}
