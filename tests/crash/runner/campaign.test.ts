import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seededRandom } from "@kerf/kernel";
import type { Scenario } from "../scenario.ts";
import { command } from "../scenarios/command.ts";
import { Bench } from "./bench.ts";
import { Campaign, type CampaignReport } from "./campaign.ts";
import { choiceOf } from "./choice.ts";

let bench: Bench;
before(async () => {
  bench = await Bench.open();
});
after(() => bench.close());

function campaign(only: string, scenario: Scenario): { said: string[]; campaign: Campaign } {
  const said: string[] = [];
  return {
    said,
    campaign: new Campaign({
      benches: [bench],
      scenarios: [scenario],
      choice: choiceOf(only),
      random: seededRandom(1),
      say: (line) => said.push(line),
    }),
  };
}

test("points that no scenario comes to fail a run over everything", async () => {
  const { gaps, passed, planned = [] } = await campaign("*", command).campaign.list();
  assert.ok(planned.length > 0);
  assert.ok(!passed);
  assert.ok(
    gaps.includes(
      "nobody was killed before saga/saga-store claim: update kerf.saga: no scenario comes there",
    ),
  );
  assert.ok(!gaps.some((gap) => gap.includes("command_claim")), "commands are killed there");
});

test("a run whose moment does not come shows nothing, and fails", async () => {
  const { said, campaign: one } = campaign("command/left after nothing: at all #1", command);
  assert.ok(!(await one.run()).passed);
  assert.ok(said.includes("1 moments did not come again"));
});

test("what does not hold fails, and the output says how to do that run again", async () => {
  const broken: Scenario = {
    ...command,
    check() {
      assert.fail("there is an effect too many");
    },
  };
  const label = "command/left before author: insert effect #1";
  const { said, campaign: one } = campaign(label, broken);
  const report: CampaignReport = await one.run();
  assert.ok(!report.passed);
  assert.match(report.runs[0]?.why ?? "", /an effect too many/);
  assert.ok(said.includes(`FAILED ${label}\n  npm run crash -- --only '${label}'`));
  assert.equal(said.at(-1), "0 passed, 1 failed");
});
