import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram } from "@kerf/call/host";
import fc from "fast-check";
import { compareLoad } from "./compare-load.ts";
import type { LoadWindow } from "./load-window.ts";

function served(calls: number, failed = 0, latencies: readonly number[] = []): LoadWindow {
  const histogram = new LatencyHistogram();
  for (const ms of latencies) histogram.record(ms);
  return { seconds: 60, calls, failed, latency: [...histogram.counts] };
}

/** So many latencies around `ms`, spread as they are as a rule: most near it, some far above. */
function around(ms: number, count: number): number[] {
  return Array.from(
    { length: count },
    (_, index) => ms / (1 - 0.99 * ((index + 0.5) / count)) ** 0.5,
  );
}

const verdicts: readonly [what: string, old: LoadWindow, now: LoadWindow, verdict: string][] = [
  ["a few good calls", served(1_000), served(20), "too-little-to-tell"],
  ["a hundred good calls", served(1_000), served(100), "better-or-same"],
  ["every call fails: known after a handful", served(1_000), served(5, 5), "worse"],
  ["two failures are nothing yet", served(1_000), served(2, 2), "too-little-to-tell"],
  ["every call fails, and nobody called the old one", served(0), served(8, 8), "worse"],
  ["some fail as before", served(1_000, 20), served(100, 3), "better-or-same"],
  ["10 % fail instead of none", served(1_000), served(100, 10), "worse"],
  ["more fail, but not noticeably", served(100_000, 10), served(100_000, 100), "better-or-same"],
  ["1 % more of very many", served(100_000, 100), served(100_000, 1_100), "worse"],
  ["fewer fail", served(1_000, 500), served(1_000, 10), "better-or-same"],
  ["as slow", served(500, 0, around(20, 500)), served(500, 0, around(20, 500)), "better-or-same"],
  [
    "a quarter slower",
    served(500, 0, around(20, 500)),
    served(500, 0, around(25, 500)),
    "better-or-same",
  ],
  [
    "three times as slow",
    served(500, 0, around(20, 500)),
    served(500, 0, around(60, 500)),
    "worse",
  ],
  [
    "three times as slow, and nobody would notice",
    served(500, 0, around(0.2, 500)),
    served(500, 0, around(0.6, 500)),
    "better-or-same",
  ],
  [
    "slower, in too few calls",
    served(500, 0, around(20, 500)),
    served(150, 0, around(60, 150)),
    "better-or-same",
  ],
  [
    "one in five stalls",
    served(500, 0, around(5, 500)),
    served(500, 0, [...around(5, 400), ...around(900, 100)]),
    "worse",
  ],
];

for (const [what, old, now, verdict] of verdicts) {
  test(`${what}: ${verdict}`, () => {
    const comparison = compareLoad(old, now);
    assert.equal(comparison.verdict, verdict, comparison.why);
  });
}

test("it says what decided", () => {
  assert.equal(
    compareLoad(served(1_000, 1), served(100, 10)).why,
    "10 of 100 calls failed (10.0 %), before 1 of 1000 calls failed (0.1 %)",
  );
  assert.match(
    compareLoad(served(500, 0, around(20, 500)), served(500, 0, around(60, 500))).why,
    /^p95 \d+ ms, before \d+ ms$/,
  );
});

test("two releases that fail alike are hardly ever called different", () => {
  // A seeded draw: of 2000 comparisons at a chance of one in a thousand, ten would be far too many.
  let worse = 0;
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.3, noNaN: true }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })),
      (share, draws) => {
        const fails = (calls: number): number => {
          let failed = 0;
          for (let i = 0; i < calls; i++) if ((draws.next().value as number) < share) failed++;
          return failed;
        };
        if (compareLoad(served(500, fails(500)), served(200, fails(200))).verdict === "worse")
          worse++;
      },
    ),
    { numRuns: 300, seed: 7 },
  );
  assert.ok(worse <= 3, `${worse} of 300`);
});
