import assert from "node:assert/strict";
import { runSeed } from "./run-seed.ts";

/** Runs seeds and fails with the first whose run breaks a property; answers what there was in all of them. */
export async function holds(
  first: number,
  runs: number,
): Promise<{ answered: number; failed: number; retries: number }> {
  const totals = { answered: 0, failed: 0, retries: 0 };
  for (let seed = first; seed < first + runs; seed += 1) {
    const { violation, counts } = await runSeed(seed);
    if (violation !== undefined) {
      assert.fail(
        `seed ${seed}: ${violation.property}: ${violation.what}\nagain: npm run sim -- --world calls --seed ${seed} --trace`,
      );
    }
    totals.answered += counts["answered"] ?? 0;
    totals.failed += counts["failed"] ?? 0;
    totals.retries += counts["retries"] ?? 0;
  }
  return totals;
}
