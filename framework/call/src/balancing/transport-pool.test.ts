import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError, ManualClock } from "@kerf/kernel";
import { FarSide } from "../testing/far-side.ts";
import { TransportPool } from "./transport-pool.ts";

function make() {
  const side = new FarSide();
  const clock = new ManualClock();
  return { side, clock, pool: new TransportPool(side.connect, clock) };
}

const broken = new KerfError("unavailable", "The other side has gone.");

test("one transport an address, and a new one once it broke", () => {
  const { side, pool } = make();
  const first = pool.get("a");
  assert.equal(pool.get("a"), first);
  assert.notEqual(pool.get("b"), first);
  side.transport("a").break(broken);
  assert.notEqual(pool.get("a"), first);
  assert.equal(pool.size, 2);
});

test("an address whose transport broke rests for a second", async () => {
  const { side, clock, pool } = make();
  pool.get("a");
  assert.equal(pool.rests("a"), false);
  side.transport("a").break(broken);
  assert.equal(pool.rests("a"), true);
  pool.get("a");
  assert.equal(pool.rests("a"), true);
  await clock.advance(1_000);
  assert.equal(pool.rests("a"), false);
});

test("what left the placement is closed once its calls have ended", () => {
  const { side, pool } = make();
  pool.get("a");
  pool.get("b");
  const [a, b] = [side.transport("a"), side.transport("b")];
  a.inFlight = 1;
  pool.retain(new Set());
  assert.equal(pool.size, 0);
  assert.deepEqual([a.closed, b.closed], [false, true]);
  a.inFlight = 0;
  pool.retain(new Set());
  assert.equal(a.closed, true);
});

test("it holds a bounded number of addresses, and none after its end", () => {
  const { side, pool } = make();
  for (let index = 0; index < 4_096; index++) pool.get(`a${index}`);
  assert.throws(() => pool.get("more"), { code: "overloaded" });
  pool.close();
  assert.ok([...side.transports.values()].flat().every(({ closed }) => closed));
  assert.throws(() => pool.get("a1"), { code: "unavailable", retry: "not-executed" });
});
