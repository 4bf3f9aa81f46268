import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KerfError, ManualClock, seededRandom } from "@kerf/kernel";
import type { PlacedInstance } from "../placement.ts";
import { FarSide } from "../testing/far-side.ts";
import { TransportPool } from "./transport-pool.ts";
import { pickInstance } from "./two-choices.ts";

const place = (count: number): PlacedInstance[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `i${index}`,
    address: `a${index}`,
    state: "ready",
  }));

function make(count: number) {
  const side = new FarSide();
  const pool = new TransportPool(side.connect, new ManualClock());
  const instances = place(count);
  for (const { address } of instances) pool.get(address);
  return { side, pool, instances };
}

test("the load of instances that answer alike stays alike", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 10 }), fc.integer(), (count, seed) => {
      const { side, pool, instances } = make(count);
      const random = seededRandom(seed);
      for (let call = 0; call < count * 20; call++) {
        const picked = pickInstance(instances, pool, random, undefined) as PlacedInstance;
        side.transport(picked.address).inFlight++;
      }
      const loads = instances.map(({ address }) => pool.inFlight(address));
      // Drawn blindly, the spread would be some nine; two choices keep it within a few.
      assert.ok(Math.max(...loads) - Math.min(...loads) <= 6, String(loads));
    }),
  );
});

test("an instance that holds its calls gets hardly any more", () => {
  const { side, pool, instances } = make(2);
  side.transport("a0").inFlight = 10;
  const random = seededRandom(1);
  for (let call = 0; call < 100; call++)
    assert.equal(pickInstance(instances, pool, random, undefined)?.id, "i1");
});

test("only ready ones; not the one just tried, nor one that broke, while there is another", () => {
  const { side, pool } = make(3);
  const random = seededRandom(1);
  const [a, b, c] = place(3) as [PlacedInstance, PlacedInstance, PlacedInstance];
  const pick = (instances: PlacedInstance[], tried?: string) =>
    new Set(Array.from({ length: 50 }, () => pickInstance(instances, pool, random, tried)?.id));
  assert.deepEqual(pick([a, { ...b, state: "draining" }]), new Set(["i0"]));
  assert.deepEqual(pick([{ ...a, state: "starting" }]), new Set([undefined]));
  assert.deepEqual(pick([]), new Set([undefined]));
  assert.deepEqual(pick([a, b], "a0"), new Set(["i1"]));
  side.transport("a1").break(new KerfError("unavailable", "It has gone."));
  assert.deepEqual(pick([a, b, c]), new Set(["i0", "i2"]));
  assert.deepEqual(pick([a, b], "a0").size, 2);
  assert.deepEqual(pick([b]), new Set(["i1"]));
});
