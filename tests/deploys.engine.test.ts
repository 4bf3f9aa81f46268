import assert from "node:assert/strict";
import { test } from "node:test";
import { runDeploys } from "./soak/deploys.ts";

test("services are deployed, rolled back, cut and joined under load, and no client sees a failure", async (t) => {
  const lines: string[] = [];
  const report = await runDeploys(
    { deploys: 3, rollbacks: 1, cuts: 1, seed: 3, rate: 15, watch: 2 },
    (line) => lines.push(line),
    t.signal,
  );
  assert.equal(report.failed, 0, lines.join("\n"));
  assert.equal(report.made.length, 6);
});
