import assert from "node:assert/strict";
import { test } from "node:test";
import { runChaos } from "./chaos/chaos.ts";

test("the shop under faults of every kind loses nothing and does nothing twice", async (t) => {
  const lines: string[] = [];
  const report = await runChaos(
    { minutes: 0.5, seed: 1396, engine: "embedded" },
    (line) => lines.push(line),
    t.signal,
  );
  assert.equal(report.failed, 0, lines.join("\n"));
  assert.ok(report.struck.length > 8, `${report.struck.length} faults`);
});
