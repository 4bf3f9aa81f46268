import assert from "node:assert/strict";
import { test } from "node:test";
import { runSharedLimit, type SharedLimitRun } from "./shared-limit.ts";

/** Most that one instance may let pass beyond what the limit says: what it leases ahead, and what it has not paid for. */
function slackOf({ shape, gateways }: SharedLimitRun, absences = false): number {
  const share = Math.max(1, Math.floor(shape.burst / gateways));
  const slack = gateways * (share + Math.max(1, Math.floor(share / 2)));
  // Who has not seen that the keeper is back goes on with its share, and the others have the whole rate again.
  return absences ? slack + 1_500 / shape.everyMs : slack;
}

/** By how much the worst window goes beyond burst + rate × time. */
function worstExcess({ shape, admitted }: SharedLimitRun): number {
  // Of all windows that end with a request the worst one is found as the bucket's lowest level: what was taken and has not come back.
  let level = shape.burst;
  let lowest = level;
  let before = 0;
  for (const at of admitted) {
    level = Math.min(shape.burst, level + (at - before) / shape.everyMs) - 1;
    lowest = Math.min(lowest, level);
    before = at;
  }
  return Math.max(0, -lowest);
}

const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

test("all instances together never let pass more than burst + rate × time + the stated slack", async () => {
  for (const seed of seeds) {
    const run = await runSharedLimit(seed, { absences: false, load: 4 });
    assert.ok(
      worstExcess(run) <= slackOf(run) + 1e-6,
      `seed ${seed}: ${worstExcess(run)} over, ${slackOf(run)} stated, ${JSON.stringify(run.shape)} × ${run.gateways}`,
    );
  }
});

test("nor while the keeper comes and goes and answers are lost", async () => {
  for (const seed of seeds) {
    const run = await runSharedLimit(seed, { absences: true, load: 4 });
    assert.ok(
      worstExcess(run) <= slackOf(run, true) + 1e-6,
      `seed ${seed}: ${worstExcess(run)} over, ${slackOf(run, true)} stated, ${JSON.stringify(run.shape)} × ${run.gateways}`,
    );
  }
});

test("over time the rate is exact, and what it allows is used", async () => {
  for (const seed of seeds) {
    const run = await runSharedLimit(seed, { absences: false, load: 4 });
    const allowed = run.shape.burst * 21;
    assert.ok(run.admitted.length <= allowed + slackOf(run), `seed ${seed}`);
    // Pauses in which the bucket is full, and rounds to the keeper, cost some of it.
    const share = run.admitted.length / (run.admitted.length + run.refused);
    const used = run.admitted.length / allowed;
    assert.ok(
      used > 0.5 || share > 0.9,
      `seed ${seed}: ${Math.round(used * 100)} % used, ${Math.round(share * 100)} % let through, ${JSON.stringify(run.shape)} × ${run.gateways}`,
    );
  }
});

/** Longest round to the keeper in this world: two latencies and a pause, milliseconds. */
const roundMs = 110;

test("who stays far below the limit is never refused, whichever instance it comes to", async () => {
  let compared = 0;
  for (const seed of seeds) {
    const run = await runSharedLimit(seed, { absences: false, load: 0.2 });
    const share = Math.floor(run.shape.burst / run.gateways);
    // What comes in one round to the keeper must fit into half a share.
    if (share < 4 * (1 + (0.2 * roundMs) / run.shape.everyMs)) continue;
    compared++;
    assert.equal(run.refused, 0, `seed ${seed}: ${JSON.stringify(run.shape)} × ${run.gateways}`);
  }
  assert.ok(compared > 10, `${compared} seeds say something`);
});
