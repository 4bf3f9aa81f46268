import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { latencyBuckets, latencyEdge, LatencyHistogram, packLatency } from "./latency-histogram.ts";

test("what is measured lies between the edges of the bucket that counts it, which is at most an eighth wide", () => {
  fc.assert(
    fc.property(fc.double({ min: 1 / 16, max: 131_000, noNaN: true }), (ms) => {
      const histogram = new LatencyHistogram();
      histogram.record(ms);
      const bucket = histogram.counts.indexOf(1);
      assert.ok(latencyEdge(bucket) <= ms || bucket === 0, `${ms} from ${latencyEdge(bucket)}`);
      assert.ok(ms < latencyEdge(bucket + 1), `${ms} to ${latencyEdge(bucket + 1)}`);
      if (bucket > 0)
        assert.ok(latencyEdge(bucket + 1) / latencyEdge(bucket) <= 1.125 + Number.EPSILON);
    }),
  );
});

test("what is too quick or too slow for any bucket counts in the first or the last", () => {
  const histogram = new LatencyHistogram();
  for (const ms of [0, 0.001, 0.05, 1e9, Infinity]) histogram.record(ms);
  assert.equal(histogram.counts[0], 3);
  assert.equal(histogram.counts[latencyBuckets - 1], 2);
});

test("one of so many counts for all of them, and only buckets that hold something travel", () => {
  const histogram = new LatencyHistogram();
  histogram.record(1, 16);
  const [bucket, count, ...rest] = packLatency(histogram.counts);
  assert.equal(latencyEdge(bucket as number), 1);
  assert.equal(count, 16);
  assert.deepEqual(rest, []);
});
