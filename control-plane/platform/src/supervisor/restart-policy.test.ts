import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { RestartPolicy } from "./restart-policy.ts";

test("the first end is followed by a start at once, further ones by longer and longer waits", () => {
  const policy = new RestartPolicy(new ManualClock());
  const waits = Array.from({ length: 10 }, () => policy.ended());
  assert.deepEqual(waits, [0, 100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  assert.equal(policy.restarts, 10);
});

test("from the third end in a row on it is a crash loop", () => {
  const policy = new RestartPolicy(new ManualClock());
  policy.ended();
  policy.ended();
  assert.equal(policy.looping, false);
  policy.ended();
  assert.equal(policy.looping, true);
});

test("a run that was healthy for 30 s begins anew; a shorter one does not", async () => {
  const clock = new ManualClock();
  const policy = new RestartPolicy(clock);
  for (let n = 0; n < 5; n++) policy.ended();
  policy.ready();
  await clock.advance(29_999);
  assert.equal(policy.ended(), 1_600);
  policy.ready();
  await clock.advance(30_000);
  assert.equal(policy.ended(), 0);
  assert.equal(policy.looping, false);
});

test("a change that may help begins anew", () => {
  const policy = new RestartPolicy(new ManualClock());
  for (let n = 0; n < 5; n++) policy.ended();
  policy.reset();
  assert.equal(policy.looping, false);
  assert.equal(policy.ended(), 0);
});
