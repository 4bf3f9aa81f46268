import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KerfError, ManualClock, seededRandom } from "@kerf/kernel";
import type { Discovery } from "../discovery/discovery.ts";
import type { PlacedInstance } from "../placement.ts";
import { policyDefaults } from "../policies/defaults.ts";
import { FarSide } from "../testing/far-side.ts";
import { Balancer } from "./balancer.ts";
import type { Endpoint } from "./endpoint.ts";
import { TransportPool } from "./transport-pool.ts";

function make(count: number, seed = 1) {
  const side = new FarSide();
  const clock = new ManualClock();
  const pool = new TransportPool(side.connect, clock);
  let instances: PlacedInstance[] = Array.from({ length: count }, (_, index) => ({
    id: `i${index}`,
    address: `a${index}`,
    state: "ready",
  }));
  const discovery: Discovery = {
    instancesOf: () => instances,
    recordsCommands: () => false,
    onChange: () => () => undefined,
  };
  const ejections: string[] = [];
  const balancer = new Balancer({
    service: "shelf",
    discovery,
    pool,
    policies: policyDefaults,
    random: seededRandom(seed),
    clock,
    onEjection: ({ id }, isEjected) => ejections.push(`${isEjected ? "-" : "+"}${id}`),
  });
  const place = (changed: PlacedInstance[]): void => {
    instances = changed;
    for (const { address } of changed) pool.get(address);
  };
  place(instances);
  const pick = (tried?: string): Endpoint => {
    const picked = balancer.pick(tried, clock.now());
    assert.ok(picked !== undefined);
    return picked;
  };
  const shares = (times: number, tried?: string): Record<string, number> => {
    const drawn: Record<string, number> = {};
    for (let n = 0; n < times; n++) {
      const { id } = pick(tried).instance;
      drawn[id] = (drawn[id] ?? 0) + 1;
    }
    return drawn;
  };
  const endpoint = (id: string): Endpoint => {
    for (;;) {
      const picked = pick();
      if (picked.instance.id === id) return picked;
    }
  };
  const settle = (one: Endpoint, failed: boolean, tookMs = 5): void =>
    balancer.settled(one, tookMs, failed, clock.now());
  return {
    side,
    clock,
    pool,
    balancer,
    place,
    pick,
    shares,
    endpoint,
    settle,
    ejections,
    instances: () => instances,
  };
}

test("the load of instances that answer alike stays alike", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 10 }), fc.integer(), (count, seed) => {
      const { side, pool, pick, instances } = make(count, seed);
      for (let call = 0; call < count * 20; call++)
        side.transport(pick().instance.address).inFlight++;
      const loads = instances().map(({ address }) => pool.inFlight(address));
      // Drawn blindly, the busiest of ten would have some nine more than its share; two choices keep that within a few.
      assert.ok(Math.max(...loads) - 20 <= 4, String(loads));
    }),
  );
});

test("an instance that holds its calls gets hardly any more, and neither does one that is slow", async () => {
  const held = make(2);
  held.side.transport("a0").inFlight = 10;
  assert.deepEqual(held.shares(100), { i1: 100 });

  const slow = make(2);
  const [one, other] = [slow.endpoint("i0"), slow.endpoint("i1")];
  slow.settle(one, false, 500);
  slow.settle(other, false, 5);
  assert.deepEqual(slow.shares(100), { i1: 100 });
  // It is forgotten, and tried again.
  await slow.clock.advance(60_000);
  slow.settle(other, false, 5);
  assert.ok((slow.shares(100)["i0"] ?? 0) > 0);
});

test("an instance whose calls are given up gets hardly any more; failures that come quickly change nothing", () => {
  const { endpoint, settle, shares } = make(3);
  for (const id of ["i0", "i1", "i2"]) settle(endpoint(id), false);
  settle(endpoint("i0"), true, 1);
  assert.ok((shares(3_000)["i0"] ?? 0) > 900, "as much as the others");
  settle(endpoint("i0"), true, 50);
  assert.equal(shares(3_000)["i0"] ?? 0, 0);
});

test("only ready ones; not the one just tried, nor one that broke, while there is another", async () => {
  const { side, place, shares, balancer, clock } = make(3);
  const at = (index: number, state: PlacedInstance["state"] = "ready"): PlacedInstance => ({
    id: `i${index}`,
    address: `a${index}`,
    state,
  });
  place([at(0), at(1, "draining")]);
  assert.deepEqual(shares(50), { i0: 50 });
  place([at(0, "starting")]);
  assert.equal(balancer.pick(undefined, clock.now()), undefined);
  place([]);
  assert.equal(balancer.pick(undefined, clock.now()), undefined);
  place([at(0), at(1)]);
  assert.deepEqual(shares(50, "a0"), { i1: 50 });
  place([at(0), at(1), at(2)]);
  side.transport("a1").break(new KerfError("unavailable", "It has gone."));
  assert.equal(shares(50)["i1"], undefined);
  await clock.advance(1_000);
  assert.ok(balancer.pick(undefined, clock.now()) !== undefined);
  await clock.advance(policyDefaults.slowStartMs);
  assert.ok((shares(50)["i1"] ?? 0) > 0, "it is asked again once it has rested");
});

test("an instance that comes later gets little at first, and what it weighs in the end", async () => {
  const { place, instances, shares, clock, side } = make(2);
  shares(1);
  place([...instances(), { id: "i2", address: "a2", state: "ready" }]);
  const fresh = shares(300)["i2"] ?? 0;
  assert.ok(fresh < 10, `${fresh} of 300 at once`);
  await clock.advance(policyDefaults.slowStartMs);
  const warm = shares(300)["i2"] ?? 0;
  assert.ok(warm > 50, `${warm} of 300 once it is warm`);
  place(instances().map((one) => (one.id === "i2" ? { ...one, weight: 0.1 } : one)));
  const light = shares(3_000)["i2"] ?? 0;
  assert.ok(
    light > 60 && light < 240,
    `${light} of 3000 for a twentieth of the weight, all of them idle`,
  );
  for (const address of ["a0", "a1"]) side.transport(address).inFlight = 4;
  const idle = shares(3_000)["i2"] ?? 0;
  assert.ok(idle > light, `${idle} of 3000 when the others are busy`);
});

test("five failures in a row leave an instance out, for longer each time, until a probe finds it well", async () => {
  const { side, clock, endpoint, settle, shares, ejections, pick } = make(3);
  const bad = endpoint("i0");
  for (let n = 0; n < 4; n++) settle(bad, true);
  settle(bad, false);
  for (let n = 0; n < 4; n++) settle(bad, true);
  assert.deepEqual(ejections, []);
  settle(bad, true);
  assert.deepEqual(ejections, ["-i0"]);
  assert.equal(shares(100)["i0"], undefined);

  side.transport("a0").dead = new KerfError("unavailable", "No sign of life.");
  await clock.advance(policyDefaults.ejectMs);
  pick();
  pick();
  await Promise.resolve();
  assert.equal(side.transport("a0").probes, 1, "asked once");
  await new Promise(setImmediate);
  assert.equal(shares(100)["i0"], undefined);
  side.transport("a0").dead = undefined;
  await clock.advance(policyDefaults.ejectMs);
  pick();
  assert.equal(side.transport("a0").probes, 1, "left out for twice as long");
  await clock.advance(policyDefaults.ejectMs);
  pick();
  await new Promise(setImmediate);
  assert.equal(side.transport("a0").probes, 2);
  assert.deepEqual(ejections, ["-i0", "+i0"]);
  assert.ok((shares(100)["i0"] ?? 0) > 0);
});

test("at most half are left out, and never the last one", () => {
  const three = make(3);
  const all = ["i0", "i1", "i2"].map((id) => three.endpoint(id));
  for (const one of all) for (let n = 0; n < 5; n++) three.settle(one, true);
  assert.deepEqual(three.ejections, ["-i0"]);
  const single = make(1);
  const only = single.endpoint("i0");
  for (let n = 0; n < 50; n++) single.settle(only, true);
  assert.deepEqual(single.ejections, []);
  assert.equal(single.pick().instance.id, "i0");
});

test("one of many that fails more than the others is left out, though never in a row", async () => {
  const { clock, endpoint, settle, ejections } = make(6);
  const all = ["i0", "i1", "i2", "i3", "i4", "i5"].map((id) => endpoint(id));
  await clock.advance(policyDefaults.ejectWindowMs);
  for (let call = 0; call < 200; call++)
    for (const [index, one] of all.entries()) settle(one, index === 3 && call % 3 === 0);
  await clock.advance(policyDefaults.ejectWindowMs / 2);
  settle(all[0] as Endpoint, false);
  assert.deepEqual(ejections, ["-i3"]);
});

test("a key goes to one instance, and elsewhere only while that one is tried already, left out or gone", () => {
  const { balancer, clock, place } = make(4);
  const at = (tried?: string): string | undefined =>
    balancer.pick(tried, clock.now(), "customer-1")?.instance.id;
  const home = at() as string;
  for (let n = 0; n < 50; n++) assert.equal(at(), home);
  const second = at(home.replace("i", "a"));
  assert.notEqual(second, home);
  const rest = ["i0", "i1", "i2", "i3"].filter((id) => id !== home);
  place(rest.map((id) => ({ id, address: id.replace("i", "a"), state: "ready" })));
  assert.equal(at(), second);
});
