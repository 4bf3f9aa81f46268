import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Buckets } from "./buckets.ts";

function ask(
  buckets: Buckets,
  key: string,
  shape: { everyMs: number; burst: number },
  now: number,
) {
  const state = buckets.look(key, shape, now);
  if (state.admitted) buckets.take(key, shape, now);
  return state;
}

test("in no window are more admitted than burst and rate allow, and none is refused that they allow", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 10 }),
      fc.array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 80 }),
      (requests, perMs, burst, gaps) => {
        const everyMs = perMs / requests;
        const buckets = new Buckets();
        const admitted: number[] = [];
        let now = 5;
        for (const gap of gaps) {
          now += gap;
          // The tokens of a bucket that fills up drop by drop, counted the other way round.
          const tokens = admitted.reduce(
            ({ left, at }, then) => ({
              left: Math.min(burst, left + (then - at) / everyMs) - 1,
              at: then,
            }),
            { left: burst, at: 0 },
          );
          const left = Math.min(burst, tokens.left + (now - tokens.at) / everyMs);
          const state = ask(buckets, "a", { everyMs, burst }, now);
          if (Math.abs(left - 1) > 1e-3) assert.equal(state.admitted, left > 1);
          if (state.admitted) admitted.push(now);
          else
            assert.ok(
              buckets.look("a", { everyMs, burst }, now + state.retryInMs + 1e-3).admitted,
              "a request after the time that was told is admitted",
            );
        }
        for (const [first, from] of admitted.entries()) {
          for (const [last, to] of admitted.entries()) {
            if (last < first) continue;
            assert.ok(last - first + 1 <= burst + (to - from) / everyMs + 1e-3);
          }
        }
      },
    ),
  );
});

test("what is left counts down and comes back", () => {
  const buckets = new Buckets();
  const shape = { everyMs: 100, burst: 3 };
  assert.deepEqual(ask(buckets, "a", shape, 0), {
    admitted: true,
    remaining: 2,
    fullInMs: 100,
    retryInMs: 0,
  });
  ask(buckets, "a", shape, 0);
  assert.equal(ask(buckets, "a", shape, 0).remaining, 0);
  assert.deepEqual(ask(buckets, "a", shape, 40), {
    admitted: false,
    remaining: 0,
    fullInMs: 260,
    retryInMs: 60,
  });
  assert.equal(ask(buckets, "a", shape, 100).admitted, true);
  assert.equal(ask(buckets, "b", shape, 100).remaining, 2);
});

test("remembers so many at most, and forgets the one that is full first", () => {
  const buckets = new Buckets(100);
  const shape = { everyMs: 100, burst: 3 };
  for (let n = 0; n < 3; n++) assert.ok(ask(buckets, "greedy", shape, 0).admitted);
  for (let n = 0; n < 1_000; n++) ask(buckets, `made up ${n}`, shape, 0);
  assert.equal(buckets.size, 100);
  assert.equal(ask(buckets, "greedy", shape, 0).admitted, false);
  // All of the others are full again by then, and nothing to remember.
  ask(buckets, "new", shape, 150);
  assert.equal(buckets.size, 2);
});

test("the heap gives the least first, whatever grew in between", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 }))),
      (takes) => {
        const buckets = new Buckets(5);
        const full = new Map<string, number>();
        for (const [name, everyMs] of takes) {
          const key = String(name);
          if (!full.has(key) && full.size === 5) {
            const least = Math.min(...full.values());
            const gone = [...full].find(
              ([other, at]) =>
                at === least &&
                buckets.look(other, { everyMs: 1, burst: 1e6 }, 0).fullInMs === at + 1,
            );
            assert.ok(gone !== undefined, "the least is still remembered");
            buckets.take(key, { everyMs, burst: 1e6 }, 0);
            // Of equal ones either may go: whichever it was counts anew.
            const forgotten = [...full.keys()].filter(
              (other) => buckets.look(other, { everyMs: 1, burst: 1e6 }, 0).fullInMs === 1,
            );
            assert.equal(forgotten.length, 1);
            assert.equal(full.get(forgotten[0] as string), least);
            full.delete(forgotten[0] as string);
          } else buckets.take(key, { everyMs, burst: 1e6 }, 0);
          full.set(key, (full.get(key) ?? 0) + everyMs);
        }
      },
    ),
  );
});
