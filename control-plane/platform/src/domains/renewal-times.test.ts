import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalAt, waitMs } from "./renewal-times.ts";

test("a certificate is renewed a little before two thirds of its life", () => {
  const dayMs = 86_400_000;
  assert.equal(renewalAt(0, 90 * dayMs, 0), 60 * dayMs);
  assert.equal(renewalAt(0, 90 * dayMs, 0.999_999) > 55 * dayMs, true);
  assert.equal(renewalAt(0, 6 * dayMs, 0.5) < 4 * dayMs, true);
});

test("attempts come ever later, and never often enough to be locked out", () => {
  assert.deepEqual(
    [1, 2, 3, 20, 5_000].map((failures) => waitMs("away", failures, 0)),
    [15_000, 30_000, 60_000, 1_800_000, 1_800_000],
  );
  // Let's Encrypt: five failures of one name in an hour.
  let at = 0;
  let withinHour = 0;
  for (let failures = 1; at <= 3_600_000; failures += 1) {
    withinHour += 1;
    at += waitMs("refused", failures, 0);
  }
  assert.ok(withinHour < 5, `${withinHour} failures in the first hour`);
  assert.equal(waitMs("limited", 1, 0, 7_200_000), 7_200_000);
  assert.equal(waitMs("limited", 1, 0, Infinity), 604_800_000);
});
