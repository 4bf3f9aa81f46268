import { createPrivateKey, sign, type webcrypto } from "node:crypto";
import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import type { SignedSnapshot, Snapshot } from "../placement.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { isNewer, openSnapshot, signSnapshot } from "./signature.ts";

const { publicKey, privateKey } = keyPair();

function refuses(signed: SignedSnapshot, key = publicKey): void {
  assert.throws(
    () => openSnapshot(signed, key),
    (error: KerfError) => error.code === "protocol_error",
  );
}

test("a signed snapshot opens with the key of its environment, and says what was signed", () => {
  const snapshot = snapshotOf(1, 2);
  assert.deepEqual(openSnapshot(signSnapshot(snapshot, privateKey), publicKey), snapshot);
});

test("one changed character, another key, another signature and no signature are refused", () => {
  const signed = signSnapshot(snapshotOf(1, 2), privateKey);
  refuses({ ...signed, body: signed.body.replace("main-1.sock", "evil-1.sock") });
  refuses(signed, keyPair().publicKey);
  refuses({ ...signed, signature: signSnapshot(snapshotOf(1, 3), privateKey).signature });
  refuses({ ...signed, signature: "" });
  refuses({ body: signed.body } as SignedSnapshot);
});

test("a form that this version does not know is refused although it is signed", () => {
  refuses(
    signSnapshot({ ...snapshotOf(1, 2), units: undefined } as unknown as Snapshot, privateKey),
  );
  refuses(signSnapshot({ ...snapshotOf(1, 2), epoch: "1" } as unknown as Snapshot, privateKey));
  refuses(signSnapshot(null as unknown as Snapshot, privateKey));
  for (const wrong of [
    { services: { shelf: null } },
    { services: { shelf: { unit: "main", uses: "reader" } } },
    { units: { main: { instances: [null] } } },
    { units: { main: { instances: [{ id: "main-1", state: "ready" }] } } },
    { gateways: { web: { expose: [null], uses: [] } } },
  ]) {
    const snapshot = { ...snapshotOf(1, 2), ...wrong } as unknown as Snapshot;
    refuses(signSnapshot(snapshot, privateKey));
  }
});

test("what is signed and not JSON is refused like anything else", () => {
  const body = "{";
  const key = createPrivateKey({ key: privateKey as webcrypto.JsonWebKey, format: "jwk" });
  refuses({ body, signature: sign(null, Buffer.from(body), key).toString("base64url") });
});

test("the epoch counts before the generation", () => {
  assert.equal(isNewer(snapshotOf(2, 0), snapshotOf(1, 9)), true);
  assert.equal(isNewer(snapshotOf(1, 9), snapshotOf(2, 0)), false);
  assert.equal(isNewer(snapshotOf(1, 2), snapshotOf(1, 1)), true);
  assert.equal(isNewer(snapshotOf(1, 1), snapshotOf(1, 1)), false);
});
