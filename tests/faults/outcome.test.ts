import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "./load/open-loop.ts";
import { kinds } from "./load/request-at.ts";
import { type Judged, outcomeOf } from "./outcome.ts";

/** Thirty seconds of a hundred queries each, 10 ms long, but for what `change` says; the fault comes at second 10. */
function judge(
  change: (second: number, n: number) => Partial<Sample> = () => ({}),
  executed = { stock: 4_000, quotes: 1_000 },
  judged: Judged = {},
  grownMb?: number,
) {
  const samples = Array.from({ length: 3_000 }, (_, n): Sample => {
    const kind = kinds[n % 3] as (typeof kinds)[number];
    return { kind, at: n * 10, ms: 10, status: 200, ...change(Math.floor(n / 100), n) };
  });
  return outcomeOf(
    "one",
    { samples, faultAtMs: 10_000, lastsMs: 30_000, executed, grownMb },
    judged,
  );
}

test("what stays as it was is in order", () => {
  const outcome = judge(() => ({}), { stock: 3_000, quotes: 1_000 });
  assert.deepEqual(outcome.violations, []);
  assert.deepEqual([outcome.success, outcome.recoveryS, outcome.p99Normal], [1, 0, 10]);
  assert.deepEqual(outcome.attempts, { stock: 1, quotes: 1 });
});

test("it takes a second back under twice the normal, with two more after it, to recover", () => {
  const slowIn = (...seconds: number[]) =>
    judge((second) => (seconds.includes(second) ? { ms: 21 } : {}), {
      stock: 3_000,
      quotes: 1_000,
    });
  assert.deepEqual(slowIn(10, 11, 13).violations, []);
  assert.equal(slowIn(10, 11, 13).recoveryS, 4);
  assert.match(slowIn(10, 12, 14, 16).violations.join(), /recovered after 7 s, not within 5 s/);
  assert.deepEqual(slowIn(3, 20).violations, [], "one bad second before or long after");
  const late = slowIn(...Array.from({ length: 12 }, (_, n) => 18 + n));
  assert.match(late.violations.join(), /p99 from 5 s after the fault on is 2\.1 ×/);
});

test("failures and attempts are counted", () => {
  const failing = judge((_, n) => (n % 500 === 499 ? { status: 503, error: '"code":"x"' } : {}));
  assert.equal(failing.failed, 6);
  assert.match(failing.violations.join("\n"), /99\.800 % succeeded, not 99\.900 %/);
  assert.match(failing.violations.join("\n"), /stock got 1\.333 calls for each/);
  assert.equal(
    Object.values(failing.failures).reduce((sum, count) => sum + count),
    6,
  );
});

test("what nobody is to notice is held to chance, and to the memory that it may take", () => {
  const held = { isSteady: true, memoryBoundMb: 34, leastSuccess: 1 };
  const executed = { stock: 3_000, quotes: 1_000 };
  const noisy = judge((second) => ({ ms: 10 + ((second * 7) % 11) }), executed, held, 33);
  assert.deepEqual(noisy.violations, []);
  const slower = judge(
    (second) => ({ ms: 10 + ((second * 7) % 5) + (second >= 10 ? 8 : 0) }),
    executed,
    held,
    35,
  );
  assert.match(
    slower.violations.join(),
    /p99 after the fault is 1\.\d+ × .*grew by 35\.0 MB, over 34/,
  );
  const failing = judge((_, n) => (n === 7 ? { status: 503 } : {}), executed, held, 1);
  assert.match(failing.violations.join(), /99\.967 % succeeded/);
});
