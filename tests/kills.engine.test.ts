import assert from "node:assert/strict";
import { test } from "node:test";
import { isSound, runKills } from "./soak/kills/kills.ts";

test("a platform that is killed at a moment of a change finishes it or undoes it, and no client sees a failure", async (t) => {
  const lines: string[] = [];
  const report = await runKills({ rounds: 3, seed: 1 }, (line) => lines.push(line), t.signal);
  assert.ok(isSound(report), lines.join("\n"));
  assert.equal(report.rounds.length, 3);
  assert.ok(report.requests > 0);
});
