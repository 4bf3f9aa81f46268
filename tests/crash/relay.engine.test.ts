// Events that travel through a broker: a process is killed at each point of relays and brokers that it comes to.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { hasEngine, natsFile } from "@kerf/events/testing";
import { seededRandom } from "@kerf/kernel";
import { lacking } from "../engines.ts";
import { needsBroker, points } from "./points.ts";
import { Bench } from "./runner/bench.ts";
import { kill, onBenches } from "./runner/kill.ts";
import { gapsOf, labelOf, planOf } from "./runner/plan.ts";
import { run } from "./runner/run.ts";
import { relay } from "./scenarios/relay.ts";

const skip = lacking({ [natsFile]: hasEngine(natsFile) }) ?? false;
const wanted = points.filter(needsBroker);

let benches: Bench[] = [];
before(async () => {
  if (skip === false) benches = await Promise.all([Bench.open(), Bench.open()]);
});
after(() => Promise.all(benches.map((bench) => bench.close())));

test(
  "nothing is lost or out of order when a relay or a reader is killed at any point",
  { skip },
  async () => {
    const [bench] = benches as [Bench];
    const { reached } = await run(bench, relay);
    const all = planOf(relay, reached, seededRandom(1)).filter(
      (one) => one.killing.occurrence === 1,
    );
    assert.deepEqual(gapsOf(all, wanted), []);
    // Both readers come to the same.
    const planned = [...new Map(all.map((one) => [one.killing.key, one])).values()];
    await onBenches(benches, planned, async (on, one) =>
      assert.ok(await kill(on, one), `${labelOf(one)} came again`),
    );
  },
);
