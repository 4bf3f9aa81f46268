import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, type Random, seededRandom } from "@kerf/kernel";
import { Sampler } from "./sampler.ts";

const never: Random = { next: () => 0.999_999 };

function sampler(given: Partial<ConstructorParameters<typeof Sampler>[0]> = {}): {
  sampler: Sampler;
  clock: ManualClock;
} {
  const clock = new ManualClock();
  return {
    clock,
    sampler: new Sampler({ ratio: 0, askedPerSecond: 0, clock, random: never, ...given }),
  };
}

const from = (traceId: string, flags: string): string => `00-${traceId}-${"2".repeat(16)}-${flags}`;
const traceId = "1".repeat(32);

test("new traces are chosen by their ids, in the share that is set", () => {
  const all = sampler({ ratio: 1 }).sampler;
  const none = sampler({ ratio: 0 }).sampler;
  const tenth = sampler({ ratio: 0.1 }).sampler;
  let chosen = 0;
  for (let i = 0; i < 10_000; i++) {
    assert.ok(all.begin().sampled);
    assert.ok(!none.begin().sampled);
    const trace = tenth.begin();
    if (trace.sampled) chosen++;
    // As all others decide who go by TraceIdRatioBased: the last eight bytes against the share of 2^64.
    assert.equal(trace.sampled, BigInt(`0x${trace.traceId.slice(16)}`) < 2n ** 64n / 10n);
  }
  // 1,000 expected, standard deviation 30.
  assert.ok(chosen > 800 && chosen < 1_200, String(chosen));
});

test("a request from outside goes on with its trace below its sender", () => {
  const trace = sampler().sampler.enter(from(traceId, "00"), "a=b");
  assert.equal(trace.traceId, traceId);
  assert.equal(trace.parentId, "2".repeat(16));
  assert.notEqual(trace.spanId, "2".repeat(16));
  assert.deepEqual([trace.sampled, trace.state], [false, "a=b"]);
  assert.equal(sampler().sampler.enter("nonsense").parentId, undefined);
});

test("clients are granted so many traces a second, and no more", async () => {
  const { sampler: gate, clock } = sampler({ askedPerSecond: 3 });
  const granted = (): number =>
    Array.from({ length: 100 }, () => gate.enter(from(traceId, "01"))).filter(
      ({ sampled }) => sampled,
    ).length;
  assert.equal(granted(), 3);
  assert.equal(granted(), 0);
  await clock.advance(1_000);
  assert.equal(granted(), 3);
  await clock.advance(3_600_000);
  assert.equal(granted(), 3);
});

test("an id that a client chose does not choose its trace", () => {
  const low = `${"1".repeat(16)}${"0".repeat(15)}1`;
  const half = sampler({ ratio: 0.5, random: seededRandom(3) }).sampler;
  const chosen = Array.from({ length: 1_000 }, () => half.enter(from(low, "00"))).filter(
    ({ sampled }) => sampled,
  ).length;
  assert.ok(chosen > 400 && chosen < 600, String(chosen));
});
