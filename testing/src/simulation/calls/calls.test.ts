import assert from "node:assert/strict";
import { test } from "node:test";
import { holds } from "./holds.ts";
import { runSeed } from "./run-seed.ts";

/** `npm run test:engines` runs more, and those that are broken on purpose; `npm run sim -- --world calls --runs 2000` as many as you have time for. */
const seeds = 3;

test(`${seeds} seeds of the call path: every property holds`, async () => {
  const { answered, failed, retries } = await holds(1, seeds);
  // That something was tested.
  assert.ok(answered > 300 * seeds && failed > 50 * seeds && retries > seeds);
});

test("a seed of the call path is one history", async () => {
  const first = await runSeed(1);
  const second = await runSeed(1, {}, true);
  assert.equal(second.hash, first.hash);
  assert.equal(second.happened, first.happened);
});
