import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LatencyQuantile } from "./latency-quantile.ts";

test("it is never under the true quantile, and at most a bucket over it", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0.1, max: 100_000, noNaN: true }), {
        minLength: 20,
        maxLength: 500,
      }),
      fc.constantFrom(0.5, 0.9, 0.99),
      (values, quantile) => {
        const latency = new LatencyQuantile();
        for (const value of values) latency.record(value, 0);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.ceil(values.length * quantile) - 1] as number;
        const estimate = latency.estimate(quantile, 0) as number;
        assert.ok(
          estimate >= exact * 0.999_999 && estimate <= exact * 1.26,
          `${estimate} for ${exact}`,
        );
      },
    ),
  );
});

test("it says nothing before it has seen enough, and forgets what is two windows old", () => {
  const latency = new LatencyQuantile(1_000);
  for (let index = 0; index < 19; index++) latency.record(5, 0);
  assert.equal(latency.estimate(0.99, 0), undefined);
  latency.record(5, 0);
  assert.ok(latency.estimate(0.99, 1_999) !== undefined);
  assert.equal(latency.estimate(0.99, 10_000), undefined);
});

test("the windows overlap, so that it does not start from nothing at every turn", () => {
  const latency = new LatencyQuantile(1_000);
  for (let index = 0; index < 100; index++) latency.record(5, 900);
  for (let index = 0; index < 5; index++) latency.record(5, 1_950);
  assert.ok((latency.estimate(0.99, 1_960) ?? 0) >= 5);
});

test("whoever measures much forgets in a third of the time", () => {
  const after = (calls: number): number => {
    const latency = new LatencyQuantile(3_000);
    for (let index = 0; index < calls; index++) latency.record(500, 0);
    for (let at = 1_000; at <= 2_000; at += 1_000)
      for (let index = 0; index < calls; index++) latency.record(5, at);
    return latency.estimate(0.99, 2_000) ?? 0;
  };
  assert.ok(after(500) < 10);
  assert.ok(after(100) >= 500);
});

test("what is absurdly short or long has a bucket too", () => {
  const latency = new LatencyQuantile();
  for (const value of [0, -1, 1e-9, 1e12, Number.POSITIVE_INFINITY]) latency.record(value, 0);
  assert.ok((latency.estimate(1, 0, 1) as number) > 100_000);
});
