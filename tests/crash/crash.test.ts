// A sample of `npm run crash`: of some scenarios, other ones each time, one process is killed at one moment.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { seededRandom, systemRandom } from "@kerf/kernel";
import { Bench } from "./runner/bench.ts";
import { leftOut } from "./points.ts";
import { killSomewhere } from "./runner/draw.ts";
import { onBenches } from "./runner/kill.ts";
import { scenarios } from "./scenarios/index.ts";

/** Scenarios that are drawn: some of them all, for this is to take seconds. */
const drawn = 8;
/** Runs at once: they mostly wait. */
const parallel = 3;
/** Where they are killed follows from this; `KERF_CRASH_SEED=N` does the same again. */
const seed = Number(process.env["KERF_CRASH_SEED"] ?? Math.floor(systemRandom.next() * 1e9));

let bench: Bench;
before(async () => {
  bench = await Bench.open();
});
after(() => bench.close());

test("nothing is lost or done twice when a process is killed", async (t) => {
  if (leftOut !== undefined) t.diagnostic(leftOut);
  t.diagnostic(`KERF_CRASH_SEED=${seed}`);
  const failed: string[] = [];
  let killed = 0;
  const random = seededRandom(seed);
  const sample = scenarios
    .map((scenario, index) => ({ scenario, index, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .slice(0, drawn);
  const benches = Array.from({ length: parallel }, () => bench);
  await onBenches(benches, sample, async (bench, { scenario, index }) => {
    try {
      await killSomewhere(bench, scenario, seededRandom(seed + index));
      killed += 1;
    } catch (error) {
      failed.push((error as Error).message);
    }
  });
  assert.deepEqual(failed, [], `KERF_CRASH_SEED=${seed}`);
  assert.equal(killed, drawn);
});
