import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { attemptTimeout } from "./attempt-timeout.ts";
import { policyDefaults } from "./defaults.ts";
import { LatencyQuantile } from "./latency-quantile.ts";

function measured(ms: number): LatencyQuantile {
  const latency = new LatencyQuantile();
  for (let index = 0; index < 100; index++) latency.record(ms, 0);
  return latency;
}

test("without a measurement it is half of what is left", () => {
  assert.equal(attemptTimeout(10_000, new LatencyQuantile(), 0, policyDefaults), 5_000);
});

test("it is four times what nearly all calls take, fifty milliseconds at least, half of what is left at most", () => {
  assert.equal(attemptTimeout(10_000, measured(2), 0, policyDefaults), 50);
  assert.equal(attemptTimeout(10_000, measured(2_000), 0, policyDefaults), 5_000);
  const slow = attemptTimeout(10_000, measured(100), 0, policyDefaults);
  assert.ok(slow >= 400 && slow <= 400 * 1.26);
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 20_000, noNaN: true }),
      fc.double({ min: 0.1, max: 20_000, noNaN: true }),
      (left, ms) => {
        assert.ok(attemptTimeout(left, measured(ms), 0, policyDefaults) <= left / 2);
      },
    ),
  );
});
