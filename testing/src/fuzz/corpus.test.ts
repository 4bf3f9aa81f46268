import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "@kerf/kernel";
import { readCorpus } from "./corpus.ts";
import { FuzzedTarget } from "./fuzz-target.ts";
import { targets } from "./targets.ts";

/** Inputs beside those that are kept; `npm run fuzz -- --minutes 10` tries millions. */
const more = 50;

for (const target of targets) {
  test(`${target.name}: what was found once, and some more, breaks nothing`, async () => {
    const corpus = await readCorpus(target.name);
    assert.ok(corpus.length > 0, "npm run fuzz writes its corpus");
    const fuzzed = new FuzzedTarget(target, seededRandom(7));
    await fuzzed.start();
    for (let n = 0; n < more; n++) await fuzzed.step();
    assert.deepEqual(
      fuzzed.finds.map(({ input, why }) => `${JSON.stringify(input.toString("latin1"))}: ${why}`),
      [],
    );
  });
}
