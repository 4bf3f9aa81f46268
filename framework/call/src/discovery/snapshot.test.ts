import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "@kerf/telemetry";
import type { PlacedInstance } from "../placement.ts";
import { signSnapshot } from "../snapshot/signature.ts";
import { SnapshotStore } from "../snapshot/store.ts";
import { keyPair, snapshotOf } from "../testing/keys.ts";
import { SnapshotDiscovery } from "./snapshot.ts";

const { publicKey, privateKey } = keyPair();

test("it names the ready instances of the unit that a service lives in, and follows the store", () => {
  const store = new SnapshotStore({ publicKey, log: silentLogger });
  const discovery = new SnapshotDiscovery(store);
  let changes = 0;
  discovery.onChange(() => changes++);
  assert.deepEqual(discovery.instancesOf("shelf"), []);
  const instance = (id: string, state: PlacedInstance["state"]): PlacedInstance => ({
    id,
    address: `unix:/${id}`,
    state,
  });
  const publish = (generation: number, instances: PlacedInstance[]): void =>
    void store.accept(
      signSnapshot(snapshotOf(1, generation, { units: { main: { instances } } }), privateKey),
    );

  publish(1, [instance("a", "ready"), instance("b", "draining"), instance("c", "starting")]);
  assert.deepEqual(
    discovery.instancesOf("shelf").map(({ id }) => id),
    ["a"],
  );
  assert.equal(discovery.instancesOf("shelf"), discovery.instancesOf("shelf"));
  publish(2, [instance("a", "draining"), instance("b", "ready")]);
  assert.deepEqual(
    discovery.instancesOf("reader").map(({ id }) => id),
    ["b"],
  );
  assert.deepEqual(discovery.instancesOf("unknown"), []);
  assert.deepEqual(discovery.instancesOf("constructor"), []);
  assert.equal(changes, 2);
});

test("while a service warms up in another unit, it is called in the copies that the placement names", () => {
  const store = new SnapshotStore({ publicKey, log: silentLogger });
  const discovery = new SnapshotDiscovery(store);
  const instance = (id: string, weight?: number): PlacedInstance => ({
    id,
    address: `unix:/${id}`,
    state: "ready",
    ...(weight === undefined ? undefined : { weight }),
  });
  const shared = [instance("a", 0.9), instance("c", 0.1)];
  const services = {
    shelf: { unit: "main", version: "1.0.0", uses: [], movesTo: "other", instances: shared },
    reader: { unit: "main", version: "1.0.0", uses: [] },
  };
  const units = {
    main: { instances: [instance("a"), instance("b")] },
    other: { instances: [instance("c")] },
  };
  store.accept(signSnapshot(snapshotOf(1, 1, { services, units }), privateKey));
  assert.deepEqual(discovery.instancesOf("shelf"), shared);
  assert.deepEqual(discovery.instancesOf("reader"), units.main.instances);
});
