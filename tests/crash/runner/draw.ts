import assert from "node:assert/strict";
import type { Random } from "@kerf/kernel";
import { anyMoment } from "../hook/crash.ts";
import type { Scenario } from "../scenario.ts";
import type { Bench } from "./bench.ts";
import { type Killing, run } from "./run.ts";

/** A process that works comes to so many moments at least: a first draw is from these. */
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
  let process = processes[pick(processes.length)] as string;
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
      // Of two that do the same work, the one that is up first does it.
      const first = draw === 1 ? undefined : "killed";
      const { killed, reached } = await run(bench, scenario, killing, first);
      if (killed) return label;
      const counted = (reached.get(process) ?? []).filter(
        ({ key }) => scenario.among?.test(key) !== false,
      );
      moments = counted.reduce((sum, { count }) => sum + count, 0);
    } catch (error) {
      const repeat = `npm run crash -- --only '${label}'`;
      throw new Error(`${label} (again: ${repeat}): ${(error as Error).message}`, { cause: error });
    }
    // All of its work was done by another: any of them may be the next.
    if (moments === 0) {
      process = processes[pick(processes.length)] as string;
      moments = sure;
    }
  }
  assert.fail(`no moment came at which a process of ${scenario.name} could be killed`);
}
