import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { Logger, silentLogger } from "@kerf/telemetry";
import type { Snapshot } from "../placement.ts";
import { signSnapshot } from "../snapshot/signature.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { CallerPlacement, isPlacedIn } from "./caller-placement.ts";
import { parseSpiffeId, spiffeId } from "./spiffe.ts";

const contract = (name: string) => ({ name, version: "1.0.0", operations: {}, events: {} });
const snapshot = snapshotOf(1, 1, {
  services: {
    shelf: { unit: "main", version: "1.0.0", uses: [] },
    reader: { unit: "reading", version: "1.0.0", uses: ["shelf"] },
  },
  gateways: { web: { expose: [], backend: contract("page"), uses: [] } },
});

const rows: readonly [unit: string, caller: string, is: boolean][] = [
  ["main", "shelf", true],
  ["reading", "reader", true],
  ["main", "reader", false],
  ["reading", "shelf", false],
  ["main", "nobody", false],
  ["main", "toString", false],
  ["main", "platform", false],
  ["main", "operator", false],
  ["main", "gateway:web", false],
  ["gateway:web", "gateway:web", true],
  ["gateway:web", "page", true],
  ["gateway:web", "shelf", false],
  ["gateway:web", "operator", false],
  ["gateway:toString", "gateway:toString", false],
  ["gateway:mobile", "gateway:mobile", false],
  ["kerf:platform", "platform", true],
  ["kerf:platform", "operator", true],
  ["kerf:platform", "shelf", false],
];

for (const [unit, caller, is] of rows) {
  test(`${unit} ${is ? "may" : "may not"} call in the name of ${caller}`, () => {
    assert.equal(isPlacedIn(snapshot, caller, unit), is);
  });
}

test("ids and units are each other's, and foreign ids are none", () => {
  for (const unit of ["main", "gateway:web", "kerf:platform"]) {
    assert.deepEqual(parseSpiffeId(spiffeId("dev", unit)), { environment: "dev", unit });
  }
  for (const id of [
    "https://dev/main",
    "spiffe://dev",
    "spiffe://dev/",
    "spiffe:///main",
    "spiffe://dev/a/b/c",
    "spiffe://dev/main?x",
    "spiffe://dev/main#x",
    "spiffe://dev@x/main",
    "spiffe://dev:1/main",
    "spiffe://dev/m%61in",
  ]) {
    assert.equal(parseSpiffeId(id), undefined, id);
  }
});

test("a unit speaks for a service that has left it until its copies have drained; refusals are counted, and logged once a second", async () => {
  const { publicKey, privateKey } = keyPair();
  const lines: string[] = [];
  const log = new Logger({ level: "info", sink: (line) => void lines.push(line) });
  const store = new SnapshotStore({ publicKey, log: silentLogger });
  const publish = (one: Snapshot) => store.accept(signSnapshot(one, privateKey));
  publish(snapshot);
  const clock = new ManualClock();
  const placement = new CallerPlacement({ store, clock, log });
  const reader = { unit: "apart", version: "1.0.0", uses: [] };
  publish({ ...snapshot, generation: 2, services: { ...snapshot.services, reader } });
  assert.equal(placement.speaksFor("apart", "reader"), true);
  assert.equal(placement.speaksFor("reading", "reader"), true);
  await clock.advance(34_000);
  assert.equal(placement.speaksFor("reading", "reader"), true);
  await clock.advance(2_000);
  for (let n = 0; n < 5; n++) assert.equal(placement.speaksFor("reading", "reader"), false);
  assert.equal(placement.refused, 5);
  assert.equal(lines.length, 1);
});
