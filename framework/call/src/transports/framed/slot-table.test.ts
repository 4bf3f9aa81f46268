import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SlotTable } from "./slot-table.ts";

test("ids in flight are distinct, found again, and never mistaken for an earlier use of their slot", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 9 }), { maxLength: 400 }), (steps) => {
      const table = new SlotTable<object>(4);
      const live = new Map<number, object>();
      const gone = new Set<number>();
      for (const step of steps) {
        const oldest = [...live.keys()][step % Math.max(1, live.size)];
        if (step < 5) {
          const value = {};
          const id = table.add(value);
          assert.equal(id === undefined, live.size === 4);
          if (id === undefined) continue;
          assert.ok(!live.has(id) && !gone.has(id));
          live.set(id, value);
        } else if (oldest !== undefined) {
          table.remove(oldest);
          live.delete(oldest);
          gone.add(oldest);
        }
        assert.equal(table.size, live.size);
        for (const [id, value] of live) {
          assert.equal(table.get(id), value);
          assert.equal(table.isPast(id), false);
        }
        for (const id of gone) {
          assert.equal(table.get(id), undefined);
          assert.equal(table.isPast(id), true);
        }
      }
      assert.deepEqual(new Set(table.values()), new Set(live.values()));
    }),
  );
});

test("an id that was never given is neither live nor past", () => {
  const table = new SlotTable<number>(8);
  const id = table.add(1) as number;
  for (const never of [id + 1, id + 65_536, 0xffff_ffff]) {
    assert.equal(table.get(never), undefined);
    assert.equal(table.isPast(never), false);
  }
});

test("a slot's count wraps and goes on", () => {
  const table = new SlotTable<number>(1);
  for (let n = 0; n < 70_000; n++) {
    const id = table.add(n) as number;
    assert.equal(id, ((n & 0xffff) << 16) >>> 0);
    table.remove(id);
    assert.ok(table.isPast(id));
  }
});
