import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import type { PublicKey } from "@kerf/call";
import { KerfError } from "@kerf/kernel";
import type { Home } from "../state/home.ts";
import { readJson, readText, writeJson, writeWhole } from "../state/json-file.ts";

/** A private key (Ed25519) as a JWK; a secret. */
export type PrivateKey = Readonly<Record<string, unknown>> & { readonly kid: string };

/** The keys of an environment. */
export interface Keys {
  /** Signs placement snapshots; never leaves the platform. */
  readonly snapshot: PrivateKey;
  /** Signs principals; gateways have it. */
  readonly principal: PrivateKey;
  /** Signs users' tokens; the service that issues them has it. */
  readonly issuer: PrivateKey;
}

/** Reads the keys, and makes those that are missing. */
export async function loadKeys(home: Home): Promise<Keys> {
  const [snapshot, principal, issuer] = await Promise.all(
    ["snapshot", "principal", "issuer"].map((name) => loadKey(join(home.keys, `${name}.json`))),
  );
  return { snapshot, principal, issuer } as Keys;
}

/** The bearer token of the control API: 32 random bytes, base64url. Made once. */
export async function loadToken(home: Home): Promise<string> {
  const existing = readText(home.token)?.trim();
  if (existing !== undefined && existing.length >= 43) {
    chmodSync(home.token, 0o600);
    return existing;
  }
  const token = randomBytes(32).toString("base64url");
  await writeWhole(home.token, `${token}\n`);
  return token;
}

/** The public half, as everyone may have it. */
export function publicHalf(key: PrivateKey): PublicKey {
  const { kty, crv, x, kid } = key;
  return { kty, crv, x, kid, alg: "EdDSA", use: "sig" };
}

async function loadKey(file: string): Promise<PrivateKey> {
  const existing = readJson<PrivateKey>(file);
  if (existing !== undefined) {
    if (
      existing["kty"] !== "OKP" ||
      existing["crv"] !== "Ed25519" ||
      typeof existing["d"] !== "string" ||
      typeof existing.kid !== "string"
    ) {
      throw new KerfError("invalid_configuration", {
        message: `${file} is no Ed25519 key.`,
        fix: "Put the key back, or delete the file: a new one is made, and what the old one signed is no longer accepted.",
      });
    }
    chmodSync(file, 0o600);
    return existing;
  }
  const key = makeKey();
  await writeJson(file, key);
  return key;
}

/** Makes a key; its `kid` is its thumbprint. */
export function makeKey(): PrivateKey {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { ...jwk, alg: "EdDSA", use: "sig", kid: thumbprint(jwk) };
}

/** RFC 7638. */
function thumbprint(jwk: { crv?: string; kty?: string; x?: string }): string {
  const canonical = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x });
  return createHash("sha256").update(canonical).digest("base64url");
}
