import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Scaler, type ScalingSample } from "./scaler.ts";
import { scalingDefaults as numbers, type ScalingSettings } from "./settings.ts";

const idle: ScalingSample = { inFlight: 0, streams: 0, cpuShare: 0, lag: 0, called: false };
const calls = (inFlight: number): ScalingSample => ({ ...idle, inFlight, called: inFlight > 0 });

/** Copies after each second of a load. */
function run(
  settings: ScalingSettings,
  load: readonly ScalingSample[],
  copies = Math.max(1, settings.min),
): number[] {
  const scaler = new Scaler(settings, copies, 0);
  return load.map((sample, second) => scaler.decide(sample, (second + 1) * 1_000).copies);
}

const seconds = (count: number, sample: ScalingSample): ScalingSample[] =>
  Array.from({ length: count }, () => sample);
const tens: ScalingSettings = { min: 1, max: 20, target: { inFlight: 10 } };

test("more copies come after 3 s above target, at most twice as many or 4 more at once, until there are enough", () => {
  const copies = run(tens, seconds(30, calls(95)));
  assert.deepEqual(copies.slice(0, 3), [1, 1, 1]);
  assert.equal(copies[3], 5);
  assert.equal(copies.at(-1), 10);
  assert.equal(new Set(copies).size, 3);
});

test("a second of much load changes nothing, and neither does what is within 10 % of the target", () => {
  const spike = [...seconds(10, calls(5)), calls(25), ...seconds(10, calls(5))];
  assert.deepEqual(new Set(run(tens, spike)), new Set([1]));
  assert.deepEqual(new Set(run(tens, seconds(100, calls(21)), 2)), new Set([2]));
});

test("copies go after a minute with less, at most half of them at once, and never below the least", () => {
  const copies = run({ ...tens, min: 2 }, seconds(300, calls(1)), 16);
  const changes = copies.flatMap((count, second) =>
    count === (copies[second - 1] ?? 16) ? [] : [[second + 1, count]],
  );
  assert.deepEqual(
    changes.map(([, count]) => count),
    [8, 4, 2],
  );
  assert.ok((changes[0]?.[0] as number) >= 60);
});

test("load that comes back within a minute keeps its copies", () => {
  const wave = Array.from({ length: 20 }, () => [
    ...seconds(20, calls(50)),
    ...seconds(30, calls(0)),
  ]).flat();
  const copies = run(tens, wave);
  assert.deepEqual(new Set(copies.slice(10)), new Set([5]));
});

test("of several targets the one that asks for most counts; it says which", () => {
  const scaler = new Scaler(
    { min: 1, max: 9, target: { inFlight: 10, cpuShare: 0.7, lag: 100 } },
    1,
    0,
  );
  const sample: ScalingSample = { ...calls(5), cpuShare: 2, lag: 150 };
  const decisions = [1, 2, 3, 4, 5].map((second) => scaler.decide(sample, second * 1_000));
  assert.deepEqual(decisions[3], { copies: 3, why: "3: 2 cores, 0.7 for each" });
});

test("a unit that may sleep goes to zero after it was idle for long enough, and wakes at once", () => {
  const sleepy: ScalingSettings = { ...tens, min: 0, idleMs: 10_000 };
  const copies = run(sleepy, [...seconds(5, calls(1)), ...seconds(10, idle), calls(1), calls(1)]);
  assert.deepEqual(
    copies.slice(0, 14),
    Array.from({ length: 14 }, () => 1),
  );
  assert.deepEqual(copies.slice(14), [0, 1, 1]);
  const watched = run(sleepy, seconds(100, { ...idle, streams: 1 }));
  assert.deepEqual(new Set(watched), new Set([1]), "somebody still reads a stream");
  const busy = run({ ...sleepy, min: 1 }, seconds(200, idle));
  assert.deepEqual(new Set(busy), new Set([1]), "it may not sleep");
});

test("whatever the load does: within bounds, steps bounded, no second change of mind within a minute, still under steady load", () => {
  const stretch = fc.record({
    length: fc.integer({ min: 1, max: 90 }),
    inFlight: fc.integer({ min: 0, max: 400 }),
    noise: fc.integer({ min: 0, max: 100 }),
  });
  fc.assert(
    fc.property(
      fc.array(stretch, { minLength: 1, maxLength: 20 }),
      fc.infiniteStream(fc.double({ min: -1, max: 1, noNaN: true })),
      fc.integer({ min: 0, max: 3 }),
      (stretches, draws, min) => {
        const load = stretches.flatMap(({ length, inFlight, noise }) =>
          Array.from({ length }, () =>
            calls(Math.max(0, inFlight + Math.round(noise * (draws.next().value as number)))),
          ),
        );
        const start = Math.max(1, min);
        const steady = load.at(-1) as ScalingSample;
        const copies = run({ ...tens, min }, [...load, ...seconds(500, steady)]);
        let before = start;
        let grewAt = Number.NEGATIVE_INFINITY;
        let changes = 0;
        for (const [second, count] of copies.entries()) {
          assert.ok(count >= Math.min(min, start) && count <= tens.max);
          if (count > before) {
            assert.ok(count <= Math.max(before * numbers.upFactor, before + numbers.upAtLeast));
            grewAt = second;
          }
          if (count < before) {
            assert.ok(count === 0 || count >= Math.floor(before / 2));
            assert.ok(second - grewAt >= numbers.downAfterMs / 1_000, "grew within the minute");
          }
          if (count !== before) changes++;
          before = count;
        }
        // Between two shrinkings a minute passes; growing takes five steps from 1 to 20, or as many as shrank.
        const minutes = copies.length / (numbers.downAfterMs / 1_000);
        assert.ok(changes <= 20 + 20 * minutes, `${changes} changes in ${minutes} minutes`);
        // Steady load for as long as it takes to halve from 20 to 1: nothing changes any more.
        assert.equal(new Set(copies.slice(-60)).size, 1);
      },
    ),
    { numRuns: 60 },
  );
});
