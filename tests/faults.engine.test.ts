import assert from "node:assert/strict";
import { test } from "node:test";
import { runScenario } from "./faults/campaign.ts";
import { linesOf } from "./faults/outcome.ts";
import { scenarios } from "./faults/scenarios/index.ts";
import { runReloads } from "./reloads/campaign.ts";

// A sample: `npm run faults` runs every scenario for a minute each, and judges how long calls take as well, which a machine with other work cannot.
for (const name of ["hang", "kill", "telemetry-nowhere"]) {
  const scenario = scenarios.find((one) => one.name === name);
  assert.ok(scenario !== undefined);
  test(`clients do not notice that ${scenario.says}`, async (t) => {
    const options = { seconds: 9, rate: 200, warmUpS: 2, keep: false };
    const lines: string[] = [];
    const outcome = await runScenario(scenario, options, (line) => lines.push(line), t.signal);
    const said = [...lines, ...linesOf(outcome)].join("\n");
    assert.equal(outcome.calls, 1_800);
    assert.ok(outcome.success >= (scenario.leastSuccess ?? 0.999), said);
    const { memory } = outcome;
    assert.ok(memory === undefined || (memory.grownMb ?? Infinity) <= memory.boundMb, said);
    assert.ok(outcome.attempts.stock <= 1.2 && outcome.attempts.quotes <= 1.2, said);
  });
}

test("a gateway with all the load that it can take loses no request while its configuration changes", async (t) => {
  const report = await runReloads(10, () => {}, t.signal);
  assert.equal(report.failed, 0, JSON.stringify(report.failures));
  assert.deepEqual(report.wrong, []);
  assert.equal(report.refused, 2);
  assert.ok(report.requests > 1_000 && report.uploads > 0 && report.streamItems > 100);
});
