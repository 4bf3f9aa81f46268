import { createPrivateKey, createPublicKey, sign, verify, type webcrypto } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type { PublicKey, SignedSnapshot, Snapshot } from "../placement.ts";

/** Signs a snapshot with the platform's Ed25519 private key (JWK). */
export function signSnapshot(
  snapshot: Snapshot,
  privateKey: Readonly<Record<string, unknown>>,
): SignedSnapshot {
  const body = JSON.stringify(snapshot);
  const key = createPrivateKey({ key: privateKey as webcrypto.JsonWebKey, format: "jwk" });
  return { body, signature: sign(null, Buffer.from(body), key).toString("base64url") };
}

/** The snapshot in `signed`; throws `protocol_error` when its signature or its form is not valid. */
export function openSnapshot(signed: SignedSnapshot, publicKey: PublicKey): Snapshot {
  if (typeof signed?.body !== "string" || typeof signed.signature !== "string")
    throw unusable("It has no body or no signature.");
  const key = createPublicKey({ key: publicKey as unknown as webcrypto.JsonWebKey, format: "jwk" });
  if (!verify(null, Buffer.from(signed.body), key, Buffer.from(signed.signature, "base64url"))) {
    throw unusable("Its signature is not valid.");
  }
  const snapshot = JSON.parse(signed.body) as Snapshot | null;
  if (!isFormed(snapshot)) {
    throw unusable("It is signed, but has another form than this version knows.");
  }
  return snapshot;
}

/** What the platform signed is trusted; its form is checked because a newer platform may write another one. */
function isFormed(snapshot: Partial<Snapshot> | null): snapshot is Snapshot {
  if (typeof snapshot !== "object" || snapshot === null) return false;
  const { epoch, generation, services, units, gateways, principalKeys, issuerKeys } = snapshot;
  return (
    Number.isSafeInteger(epoch) &&
    Number.isSafeInteger(generation) &&
    [services, units, gateways].every((part) => typeof part === "object" && part !== null) &&
    Array.isArray(principalKeys) &&
    Array.isArray(issuerKeys) &&
    Object.values(units as Snapshot["units"]).every((unit) => Array.isArray(unit?.instances))
  );
}

/** Whether `one` was published after `other`. */
export function isNewer(one: Snapshot, other: Snapshot): boolean {
  return (
    one.epoch > other.epoch || (one.epoch === other.epoch && one.generation > other.generation)
  );
}

function unusable(why: string): KerfError {
  return new KerfError("protocol_error", {
    message: "A placement snapshot was refused.",
    why,
    fix: "The last good one stays in use. If it persists, restart the platform so that it publishes anew.",
    retry: "never",
  });
}
