import { compactVerify, type CompactVerifyGetKey, type CryptoKey, type KeyObject } from "jose";
import { hasDuplicateNames } from "./duplicate-names.ts";

/** Longest token that is looked at, characters: half of the largest head of a request. */
export const maxTokenLength = 8_192;

const compact = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]+)$/;

/** One key, or what finds the one that a header names. */
export type JwsKeys = CompactVerifyGetKey | CryptoKey | KeyObject | Uint8Array;

/** A signed text whose signature holds. */
export interface VerifiedJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array;
}

/**
 * Verifies a compact JWS (RFC 7515). The algorithm must be one of `algorithms`; the key is found by `keys`, never taken from
 * the token (`jwk`, `jku`, `x5c` and `x5u` mean nothing here). Extensions that must be understood (`crit`) are not.
 * Rejects with an error of jose, or a plain one that says what is wrong with the form.
 */
export async function verifyJws(
  token: string,
  keys: JwsKeys,
  algorithms: readonly string[],
): Promise<VerifiedJws> {
  const parts = token.length > maxTokenLength ? null : compact.exec(token);
  // One signature, one token: other spellings of the same bytes are refused.
  if (parts === null || !parts.slice(1).every(isCanonical))
    throw new Error("It is no compact JWS.");
  const head = Buffer.from(parts[1] as string, "base64url").toString("utf8");
  const options = { algorithms: [...algorithms] };
  const { payload, protectedHeader } =
    typeof keys === "function"
      ? await compactVerify(token, keys, options)
      : await compactVerify(token, keys, options);
  if (hasDuplicateNames(head)) throw new Error("Its header names something twice.");
  if ("crit" in protectedHeader) throw new Error("It asks for extensions that are not known.");
  return { header: protectedHeader as unknown as Record<string, unknown>, payload };
}

function isCanonical(part: string): boolean {
  return Buffer.from(part, "base64url").toString("base64url") === part;
}
