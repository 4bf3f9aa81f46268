import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { openSnapshot, type PublicKey, type SignedSnapshot, type Snapshot } from "@kerf/call";
import { ManualClock } from "@kerf/kernel";
import { Publisher, type Router } from "./publisher.ts";
import type { Placement } from "./snapshot-builder.ts";

const pair = generateKeyPairSync("ed25519");
const key = { ...pair.privateKey.export({ format: "jwk" }), kid: "k" };
const publicKey = { ...pair.publicKey.export({ format: "jwk" }), kid: "k" } as PublicKey;

/** A router that has seen what the test says. */
class Seen implements Router {
  attached = true;
  generation = 0;
  hasSeen(_epoch: number, generation: number): boolean {
    return this.generation >= generation;
  }
}

function stage() {
  const clock = new ManualClock();
  const published: { snapshot: Snapshot; signed: SignedSnapshot }[] = [];
  const router = new Seen();
  const facts = { address: "unix:/a.sock" };
  const publisher = new Publisher({
    clock,
    epoch: 7,
    key,
    placement: (): Placement => ({
      app: "shop",
      environment: "test",
      services: { orders: { unit: "orders", version: "1.0.0", uses: [] } },
      units: {
        orders: { instances: [{ id: "orders-1", address: facts.address, state: "ready" }] },
      },
      gateways: {},
      principalKeys: [],
      issuerKeys: [],
    }),
    routers: () => [router],
    onPublish: (snapshot, signed) => published.push({ snapshot, signed }),
  });
  return { clock, publisher, published, router, facts };
}

test("nothing is published before it is opened; then each change is one generation, signed", async () => {
  const { clock, publisher, published, facts } = stage();
  publisher.changed();
  await clock.advance(0);
  assert.equal(publisher.signed, undefined);
  publisher.open();
  publisher.changed();
  await clock.advance(0);
  facts.address = "unix:/b.sock";
  publisher.changed();
  publisher.changed();
  await clock.advance(0);
  assert.equal(published.length, 1);
  // A millisecond for each program that has to read it.
  await clock.advance(1);
  assert.deepEqual(
    published.map(({ snapshot }) => [snapshot.epoch, snapshot.generation]),
    [
      [7, 1],
      [7, 2],
    ],
  );
  const opened = openSnapshot(published[1]?.signed as SignedSnapshot, publicKey);
  assert.equal(opened.units["orders"]?.instances[0]?.address, "unix:/b.sock");
});

test("before it is opened nobody has acknowledged anything", async () => {
  const { clock, publisher, router } = stage();
  router.attached = false;
  let done = false;
  void publisher.acknowledged().then(() => (done = true));
  await clock.advance(10_000);
  assert.equal(done, false);
  publisher.open();
  await clock.advance(0);
  assert.equal(done, true);
});

test("an acknowledgement waits for those who are attached, and for 2 s at most", async () => {
  const { clock, publisher, router } = stage();
  publisher.open();
  let done = false;
  void publisher.acknowledged().then(() => (done = true));
  await clock.advance(1_000);
  assert.equal(done, false);
  router.generation = 1;
  publisher.acknowledgement();
  await clock.advance(0);
  assert.equal(done, true);

  router.generation = 0;
  done = false;
  void publisher.acknowledged().then(() => (done = true));
  await clock.advance(1_999);
  assert.equal(done, false);
  await clock.advance(1);
  assert.equal(done, true);

  router.attached = false;
  await publisher.acknowledged();
});
