import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ManualClock } from "./manual-clock.ts";
import { TimerWheel } from "./timer-wheel.ts";

test("every entry fires once, never early, at most one tick late", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ in: fc.integer({ min: 0, max: 30_000 }), remove: fc.boolean() }), {
        maxLength: 40,
      }),
      async (entries) => {
        const clock = new ManualClock();
        // Somewhere within a tick.
        await clock.advance(7.5);
        const wheel = new TimerWheel(clock, 10, 64);
        const fired: { at: number; due: number }[] = [];
        let kept = 0;
        for (const { in: ms, remove } of entries) {
          const due = clock.now() + ms;
          const entry = wheel.add(due, () => fired.push({ at: clock.now(), due }));
          if (remove) wheel.remove(entry);
          else kept++;
        }
        assert.equal(wheel.waiting, kept);
        await clock.advance(31_000);
        assert.equal(fired.length, kept);
        assert.equal(wheel.waiting, 0);
        for (const { at, due } of fired)
          assert.ok(at >= due && at <= due + 10, `due ${due}, fired ${at}`);
      },
    ),
    { numRuns: 40 },
  );
});

test("it holds no timer while nothing waits", async () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const entry = wheel.add(clock.now() + 50, () => {});
  assert.equal(clock.waiting, 1);
  wheel.remove(entry);
  await clock.advance(20);
  assert.equal(clock.waiting, 0);
});

test("an entry may be removed twice, and after it fired", async () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const first = wheel.add(5, () => {});
  const second = wheel.add(5, () => {});
  wheel.remove(first);
  wheel.remove(first);
  assert.equal(wheel.waiting, 1);
  await clock.advance(50);
  wheel.remove(second);
  assert.equal(wheel.waiting, 0);
});

test("what waits through a pause longer than a whole turn fires when time goes on", () => {
  // A stopped process: time jumps without any tick in between.
  let now = 0;
  const timers: (() => void)[] = [];
  const clock = {
    now: () => now,
    wall: () => now,
    after: (_ms: number, fn: () => void) => (timers.push(fn), { cancel() {} }),
  };
  const wheel = new TimerWheel(clock, 10, 8);
  let fired = 0;
  for (const at of [15, 75, 79, 500]) wheel.add(at, () => fired++);
  now = 10_000;
  timers.pop()?.();
  assert.equal(fired, 4);
});

test("its own time is exact while it stands and at most one tick old while it turns", async () => {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock, 10);
  await clock.advance(7);
  assert.equal(wheel.now, 7);
  wheel.add(1000, () => {});
  for (let step = 0; step < 50; step++) {
    await clock.advance(3);
    assert.ok(clock.now() - wheel.now <= 10, `${wheel.now} at ${clock.now()}`);
  }
});
