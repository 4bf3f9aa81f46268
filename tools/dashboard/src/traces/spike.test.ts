import assert from "node:assert/strict";
import { test } from "node:test";
import { slowest, spikeOf, spikeQuery, spikeText } from "./spike.ts";

test("a spike is what its address says, and what is none is none", () => {
  const spike = { from: 1_000, to: 2_000, leastMs: 1.5, mostMs: 250.125 };
  assert.deepEqual(spikeOf(spikeText(spike)), spike);
  assert.equal(spikeQuery(spike), "root:true duration:>=1.5ms duration:<=250.125ms");
  for (const text of [undefined, "", "1_2_3", "1_2_3_x", "2_1_3_4", "1_2_4_3"])
    assert.equal(spikeOf(text), undefined, String(text));
});

test("the slowest tenth begins at the one that is still among them", () => {
  const traces = Array.from({ length: 20 }, (_, at) => ({
    startedAt: at * 1_000_000,
    durationMicros: (at + 1) * 1_000,
  }));
  assert.deepEqual(slowest(traces), { from: 0, to: 19_000, leastMs: 19, mostMs: 20 });
  assert.equal(slowest(traces.slice(0, 9)), undefined);
});
