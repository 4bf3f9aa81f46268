import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { returnMemoryWhenIdle } from "./return-memory.ts";

test("memory is given back once, when there is hardly anything to do, and looked for ever less often until then", async () => {
  const clock = new ManualClock();
  let used = 0;
  const collected: number[] = [];
  const looked: number[] = [];
  returnMemoryWhenIdle({
    clock,
    cpuMs: () => {
      looked.push(clock.now());
      return used;
    },
    collect: () => collected.push(clock.now()),
  });
  // Busy: 2 % of a core, for 20 s.
  for (let second = 0; second < 20; second++) {
    await clock.advance(1_000);
    used += 20;
  }
  assert.deepEqual(collected, []);
  await clock.advance(60_000);
  assert.deepEqual([...new Set(looked)], [0, 2_000, 6_000, 14_000, 30_000]);
  assert.deepEqual(collected, [30_000]);
});

test("what is garbage is gone afterwards", { timeout: 10_000 }, async () => {
  const clock = new ManualClock();
  const garbage = new WeakRef({ big: Array.from({ length: 1_000 }) });
  returnMemoryWhenIdle({ clock, cpuMs: () => 0 });
  await clock.advance(2_000);
  // What a turn has looked at stays until it ends; the collection has one of its own.
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  do await turn();
  while (garbage.deref() !== undefined);
});
