import assert from "node:assert/strict";
import { test } from "node:test";
import { newId, randomHex } from "./ids.ts";
import { ManualClock } from "./manual-clock.ts";
import { seededRandom } from "./random.ts";

test("ids are UUIDs of version 7, distinct, and sort by their millisecond", async () => {
  const clock = new ManualClock();
  const seen = new Set<string>();
  let last = "";
  for (let i = 0; i < 2_000; i++) {
    const id = newId(clock);
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.ok(!seen.has(id));
    seen.add(id);
    if (i % 500 === 0) {
      assert.ok(id > last);
      last = id;
      await clock.advance(1);
    }
  }
});

test("random hex has the length asked for", () => {
  for (const bytes of [1, 8, 16, 100])
    assert.match(randomHex(bytes), new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
});

test("a seed gives the same sequence, spread over [0, 1)", () => {
  const a = seededRandom(7);
  const b = seededRandom(7);
  let sum = 0;
  for (let i = 0; i < 10_000; i++) {
    const value = a.next();
    assert.equal(value, b.next());
    assert.ok(value >= 0 && value < 1);
    sum += value;
  }
  assert.ok(Math.abs(sum / 10_000 - 0.5) < 0.02);
  assert.notEqual(seededRandom(8).next(), seededRandom(7).next());
});
