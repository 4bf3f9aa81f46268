import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, seededRandom } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { signSnapshot } from "../snapshot/signature.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { PlacedDiscovery } from "./placed.ts";

test("units that run here and elsewhere stand beside each other; who answers at an address must be that unit", () => {
  const { publicKey, privateKey } = keyPair();
  const store = new SnapshotStore({ publicKey, log: silentLogger });
  const near = "unix:/tmp/main-1.sock";
  store.accept(
    signSnapshot(
      snapshotOf(1, 1, {
        services: {
          shelf: { unit: "main", version: "1.0.0", uses: [] },
          ledger: { unit: "far", version: "1.0.0", uses: [] },
        },
        units: {
          main: { instances: [{ id: "main-1", address: near, state: "ready" }] },
          far: { instances: [], discovery: { addresses: ["10.0.0.7:7000"] } },
        },
      }),
      privateKey,
    ),
  );
  const parts = { clock: new ManualClock(), random: seededRandom(1), log: silentLogger };
  const discovery = new PlacedDiscovery(store, parts);
  const addresses = (service: string): string[] =>
    discovery.instancesOf(service).map(({ address }) => address);
  assert.deepEqual([addresses("shelf"), addresses("ledger")], [[near], ["tcp:10.0.0.7:7000"]]);
  assert.equal(discovery.unitAt(near), "main");
  assert.equal(discovery.unitAt("tcp:10.0.0.7:7000"), "far");
  assert.equal(discovery.unitAt("tcp:10.0.0.8:7000"), undefined);
  let told = 0;
  discovery.onChange(() => told++);
  discovery.stop();
  store.accept(signSnapshot(snapshotOf(1, 2), privateKey));
  assert.equal(told, 0);
});
