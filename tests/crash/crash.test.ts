// A sample of `npm run crash`: some of the points that commands, events and sagas come to.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seededRandom } from "@kerf/kernel";
import { Bench } from "./runner/bench.ts";
import { kill, onBenches } from "./runner/kill.ts";
import { labelOf, planOf } from "./runner/plan.ts";
import { run } from "./runner/run.ts";
import { command } from "./scenarios/command.ts";
import { events } from "./scenarios/events.ts";
import { sagaUndo } from "./scenarios/saga-undo.ts";

/** Points drawn of each scenario; all of them take minutes: `npm run crash`. */
const drawn = 2;

let bench: Bench;
before(async () => {
  bench = await Bench.open();
});
after(() => bench.close());

for (const scenario of [command, events, sagaUndo]) {
  test(`nothing is lost or done twice when a process of ${scenario.name} is killed`, async () => {
    const random = seededRandom(3);
    const { reached } = await run(bench, scenario);
    const once = planOf(scenario, reached, random).filter((one) => one.killing.occurrence === 1);
    const chosen = Array.from({ length: drawn }, () => {
      const [one] = once.splice(Math.floor(random.next() * once.length), 1);
      assert.ok(one, "a scenario comes to points");
      return one;
    });
    await onBenches([bench, bench], chosen, async (_, one) =>
      assert.ok(await kill(bench, one), `${labelOf(one)} came again`),
    );
  });
}
