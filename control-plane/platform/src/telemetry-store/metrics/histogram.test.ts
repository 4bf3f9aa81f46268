import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Bucket } from "../otlp/received.ts";
import { bucketsSince, explicitBuckets, exponentialBuckets } from "./buckets.ts";
import { Histogram } from "./histogram.ts";

function of(...histograms: readonly (readonly Bucket[])[]): Histogram {
  const histogram = new Histogram();
  for (const buckets of histograms)
    histogram.add(
      buckets,
      buckets.reduce((sum, [, , count]) => sum + count, 0),
      0,
    );
  return histogram;
}

const round = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.round(value * 1_000) / 1_000;

test("quantiles lie within their bucket, as far as their share does", () => {
  const buckets = explicitBuckets([1, 2, 4], [10, 10, 0, 0]) ?? [];
  assert.deepEqual(of(buckets).quantiles([0.25, 0.5, 0.75, 1]), [0.5, 1, 1.5, 2]);
  assert.deepEqual(of().quantiles([0.5]), [undefined]);
  // Nobody knows how far the last bucket reaches.
  assert.deepEqual(of(explicitBuckets([1, 2], [1, 0, 9]) ?? []).quantiles([0.99]), [2]);
  assert.deepEqual(of([[0, 0, 5]]).quantiles([0.5]), [0]);
});

test("what is not above a bound is counted bucket by bucket, and within one by its share", () => {
  const histogram = of(explicitBuckets([1, 2, 4], [10, 10, 4, 6]) ?? []);
  assert.deepEqual(
    [0, 0.5, 1, 1.5, 2, 3, 4, 1_000].map((bound) => histogram.below(bound)),
    [0, 5, 10, 15, 20, 22, 24, 24],
  );
});

test("histograms with different buckets add up", () => {
  const coarse: Bucket[] = [[0, 4, 40]];
  const fine: Bucket[] = [
    [0, 1, 10],
    [3, 4, 10],
  ];
  assert.deepEqual(of(coarse, fine).quantiles([0.5]).map(round), [2]);
  assert.equal(of(coarse, fine).count, 60);
});

test("buckets that grow by a factor are those of the specification, whatever the scale", () => {
  const sides = { zeros: 2, zeroThreshold: 0, negative: { offset: 0, counts: [1] } };
  assert.deepEqual(
    exponentialBuckets({ scale: 0, positive: { offset: -1, counts: [3, 0, 4] }, ...sides }),
    [
      [-2, -1, 1],
      [-0, 0, 2],
      [0.5, 1, 3],
      [2, 4, 4],
    ],
  );
});

test("what came between two histograms, also when the later one is coarser", () => {
  const side = (offset: number, counts: readonly number[]) => ({ offset, counts });
  const histogram = (scale: number, positive: { offset: number; counts: readonly number[] }) =>
    exponentialBuckets({ scale, zeros: 0, zeroThreshold: 0, positive, negative: side(0, []) });
  const before = histogram(3, side(5, [1, 2, 3, 4, 5]));
  assert.deepEqual(bucketsSince(before, before), []);
  // Each bucket of scale 2 is two of scale 3: 5 → 2, 6 and 7 → 3, 8 and 9 → 4.
  const after = histogram(2, side(2, [1, 6, 9, 7]));
  assert.deepEqual(
    bucketsSince(before, after)?.map(([, , count]) => count),
    [1, 7],
  );
  assert.equal(bucketsSince(after, before), undefined);
});

test("a quantile is never further from the truth than its bucket is wide", () => {
  const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.000_1, max: 0.999, noNaN: true }), { minLength: 1 }),
      fc.constantFrom(0.5, 0.95, 0.99),
      (values, share) => {
        const counts = Array.from({ length: bounds.length + 1 }, () => 0);
        for (const value of values) {
          const at = bounds.findIndex((bound) => value <= bound);
          counts[at] = (counts[at] ?? 0) + 1;
        }
        const sorted = [...values].sort((one, other) => one - other);
        const truth = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
        const at = bounds.findIndex((bound) => truth <= bound);
        const [low, high] = [bounds[at - 1] ?? 0, bounds[at] ?? 0];
        const [found = Number.NaN] = of(explicitBuckets(bounds, counts) ?? []).quantiles([share]);
        assert.ok(found >= low - 1e-9 && found <= high + 1e-9, `${found} in ${low}..${high}`);
      },
    ),
  );
});
