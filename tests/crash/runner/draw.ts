import assert from "node:assert/strict";
import type { Random } from "@kerf/kernel";
import { anyMoment } from "../hook/crash.ts";
import type { Scenario } from "../scenario.ts";
import type { Bench } from "./bench.ts";
import { type Killing, run } from "./run.ts";

/** Every process that is killed comes to so many moments at least: a first draw is from these. */
const sure = 12;
/** How often it is drawn again when the moment did not come: later ones depend on time. */
const draws = 4;

/** Kills one process of a scenario at a moment that is drawn; answers where, as a label. Throws what does not hold afterwards. */
export async function killSomewhere(
  bench: Bench,
  scenario: Scenario,
  random: Random,
): Promise<string> {
  const pick = (from: number): number => Math.floor(random.next() * from);
  const processes = scenario.killed ?? Object.keys(scenario.processes);
  const process = processes[pick(processes.length)] as string;
  let moments = sure;
  for (let draw = 1; draw <= draws; draw += 1) {
    const killing: Killing = {
      process,
      fate: "kill",
      key: anyMoment,
      occurrence: 1 + pick(moments),
    };
    const label = `${scenario.name}/${process} ${anyMoment} #${killing.occurrence}`;
    try {
      const { killed, reached } = await run(bench, scenario, killing);
      if (killed) return label;
      const counted = (reached.get(process) ?? []).filter(
        ({ key }) => scenario.among?.test(key) !== false,
      );
      moments = counted.reduce((sum, { count }) => sum + count, 0);
    } catch (error) {
      const repeat = `npm run crash -- --only '${label}'`;
      throw new Error(`${label} (again: ${repeat}): ${(error as Error).message}`, { cause: error });
    }
    assert.ok(moments > 0, `${process} of ${scenario.name} comes to no moment`);
  }
  assert.fail(`no moment came at which ${process} of ${scenario.name} could be killed`);
}
