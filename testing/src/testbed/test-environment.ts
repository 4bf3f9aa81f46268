import { generateKeyPairSync } from "node:crypto";
import type { PublicKey } from "@kerf/call";

/** A key pair (Ed25519) as JWK. */
export interface TestKey {
  readonly privateKey: Readonly<Record<string, unknown>>;
  readonly publicKey: PublicKey;
}

/** The environment that tests run in, as tokens name it. */
export const testEnvironment = "test";

/** The unit that everything is placed in. */
export const testUnit = "test";

const keys = new Map<string, TestKey>();

/** The key of this name; made once a process and nowhere else. */
export function testKey(kid: "principal" | "issuer" | "snapshot"): TestKey {
  let key = keys.get(kid);
  if (key === undefined) {
    const pair = generateKeyPairSync("ed25519");
    key = {
      privateKey: { ...pair.privateKey.export({ format: "jwk" }), kid },
      publicKey: { ...pair.publicKey.export({ format: "jwk" }), kid },
    };
    keys.set(kid, key);
  }
  return key;
}
