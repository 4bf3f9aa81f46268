import assert from "node:assert/strict";
import { test } from "node:test";
import { broken } from "./broken.ts";
import { runSeed } from "./run-seed.ts";

/** Within so many seeds each is caught; the slowest one needs a tenth. */
const mostSeeds = 200;

for (const [what, variant] of Object.entries(broken)) {
  test(`caught: ${what}`, async (t) => {
    const { strike, faults } = variant;
    for (let seed = 1; seed <= mostSeeds; seed += 1) {
      const { violation } = await runSeed(seed, variant);
      if (violation === undefined) continue;
      t.diagnostic(`seed ${seed}: ${violation.property}: ${violation.what}`);
      // With the same faults the engines as they are hold: it is what was broken that was caught.
      const sound = await runSeed(seed, { ...(strike && { strike }), ...(faults && { faults }) });
      assert.equal(sound.violation, undefined, `seed ${seed} with nothing broken`);
      return;
    }
    assert.fail(`${mostSeeds} seeds did not notice that ${what}`);
  });
}
