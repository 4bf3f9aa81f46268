import { createPrivateKey, createPublicKey, sign, verify, type webcrypto } from "node:crypto";
import { KerfError } from "@kerf/kernel";
import type {
  PlacedGateway,
  PlacedInstance,
  PlacedService,
  PublicKey,
  SignedSnapshot,
  Snapshot,
} from "../placement.ts";

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
  const snapshot = parsed(signed.body);
  if (!isFormed(snapshot)) {
    throw unusable("It is signed, but has another form than this version knows.");
  }
  return snapshot;
}

function parsed(body: string): Snapshot | null {
  try {
    return JSON.parse(body) as Snapshot | null;
  } catch {
    throw unusable("It is signed, but is not JSON.");
  }
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
    Object.values(services as object).every(isService) &&
    Object.values(gateways as object).every(isGateway) &&
    Object.values(units as object).every(isUnit)
  );
}

function isService(service: Partial<PlacedService> | null): boolean {
  const { unit, uses, follows, instances } = service ?? {};
  return (
    typeof unit === "string" &&
    Array.isArray(uses) &&
    (follows === undefined || Array.isArray(follows)) &&
    (instances === undefined || areInstances(instances))
  );
}

function isGateway(gateway: Partial<PlacedGateway> | null): boolean {
  const { expose, uses } = gateway ?? {};
  return Array.isArray(expose) && expose.every((one) => one !== null) && Array.isArray(uses);
}

function isUnit(unit: Partial<Snapshot["units"][string]> | null): boolean {
  return areInstances(unit?.instances);
}

function areInstances(instances: unknown): boolean {
  return (
    Array.isArray(instances) &&
    instances.every((instance: Partial<PlacedInstance> | null) => {
      const { id, address, state } = instance ?? {};
      return [id, address, state].every((field) => typeof field === "string");
    })
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
