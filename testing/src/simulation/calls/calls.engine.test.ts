import assert from "node:assert/strict";
import { test } from "node:test";
import { broken } from "./broken.ts";
import { holds } from "./holds.ts";
import { runSeed } from "./run-seed.ts";

/** Within so many seeds each is caught. */
const mostSeeds = 200;

test("10 seeds of the call path: every property holds", async () => {
  await holds(101, 10);
});

for (const [what, variant] of Object.entries(broken)) {
  test(`caught: ${what}`, async (t) => {
    for (let seed = 1; seed <= mostSeeds; seed += 1) {
      const { violation } = await runSeed(seed, variant);
      if (violation === undefined) continue;
      t.diagnostic(`seed ${seed}: ${violation.property}: ${violation.what}`);
      const { fault } = variant;
      const sound = await runSeed(seed, fault === undefined ? {} : { fault });
      assert.equal(sound.violation, undefined, `seed ${seed} with nothing broken`);
      return;
    }
    assert.fail(`${mostSeeds} seeds did not notice that ${what}`);
  });
}
