import assert from "node:assert/strict";
import { test } from "node:test";
import { holds } from "./holds.ts";
import { runSeed } from "./run-seed.ts";

/** `npm run test:engines` runs 500, and `npm run sim -- --runs 20000` as many as you have time for. */
const seeds = 60;

test(`${seeds} seeds: every property holds`, async () => {
  const { events, sagas, effects } = await holds(1, seeds);
  // That something was tested.
  assert.ok(events > 10 * seeds && sagas > 3 * seeds && effects > 20 * seeds);
});

test("a seed is one history", async () => {
  const first = await runSeed(7);
  const second = await runSeed(7, {}, true);
  const other = await runSeed(8);
  assert.equal(second.hash, first.hash);
  assert.equal(second.trace.length, first.trace.length);
  assert.notEqual(other.hash, first.hash);
});
