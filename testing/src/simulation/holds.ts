import assert from "node:assert/strict";
import { runSeed } from "./run-seed.ts";

/** Runs seeds and fails with the first whose run breaks a property; answers what there was in all of them. */
export async function holds(
  first: number,
  runs: number,
): Promise<{ events: number; sagas: number; effects: number }> {
  const totals = { events: 0, sagas: 0, effects: 0 };
  for (let seed = first; seed < first + runs; seed += 1) {
    const { violation, counts } = await runSeed(seed);
    if (violation !== undefined) {
      assert.fail(
        `seed ${seed}: ${violation.property}: ${violation.what}\nagain: npm run sim -- --seed ${seed} --trace`,
      );
    }
    totals.events += counts["events"] ?? 0;
    totals.sagas += counts["sagas"] ?? 0;
    totals.effects += counts["effects"] ?? 0;
  }
  return totals;
}
