import { createLocalJWKSet, type JWK } from "jose";
import type { KeySet } from "./key-source.ts";

/** Most keys of one issuer: they are looked through for each token that names none. */
const maxKeys = 100;
const secretMembers = ["d", "p", "q", "dp", "dq", "qi", "k"];

/** An issuer's keys as they are used, with what they were made from, to see whether others are new. */
export interface PublicKeys {
  readonly set: KeySet;
  readonly text: string;
}

/**
 * Reads a JWK set (RFC 7517). Keys that cannot verify signatures are left out: symmetric ones, and those for encryption.
 * @throws Error that says what is wrong
 */
export function readPublicKeys(text: string): PublicKeys {
  const given = (JSON.parse(text) as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(given)) throw new Error("It is no JWK set: it has no list of keys.");
  if (given.length > maxKeys) throw new Error(`It has more than ${maxKeys} keys.`);
  const keys = (given as JWK[]).filter(
    (key) =>
      typeof key === "object" &&
      key !== null &&
      ["RSA", "EC", "OKP"].includes(key.kty ?? "") &&
      (key.use === undefined || key.use === "sig") &&
      !signsItself(key),
  );
  if (keys.some((key) => secretMembers.some((member) => member in key)))
    throw new Error("It holds a private key: whoever can read it could sign.");
  if (keys.length === 0) throw new Error("It has no key that verifies signatures.");
  return { set: createLocalJWKSet({ keys }), text: JSON.stringify(keys) };
}

/** RSA with an exponent of 1 verifies anything: the signature is the text. */
function signsItself({ kty, e }: JWK): boolean {
  return kty === "RSA" && BigInt(`0x0${Buffer.from(e ?? "", "base64url").toString("hex")}`) < 3n;
}
