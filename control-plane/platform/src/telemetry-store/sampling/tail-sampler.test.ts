import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import type { ReceivedSpan } from "../otlp/received.ts";
import type { Received } from "../store.ts";
import { line, point, span } from "../testing/rows.ts";
import { type TailSampling, TailSampler } from "./tail-sampler.ts";

function setUp(options: TailSampling & { maxWaiting?: number }) {
  const clock = new ManualClock();
  const kept: Received[] = [];
  const lines: string[] = [];
  let failure: Error | undefined;
  const sampler = new TailSampler(
    {
      add(rows) {
        if (failure !== undefined) return Promise.reject(failure);
        kept.push(...rows);
        return Promise.resolve();
      },
    },
    {
      clock,
      log: new Logger({ level: "warn", sink: (text) => void lines.push(text) }),
      ...options,
    },
  );
  const names = (): string[] => kept.map((row) => ("span" in row ? row.span.name : "other")).sort();
  const fail = (error: Error): void => void (failure = error);
  return { clock, sampler, names, lines, fail };
}

const parentId = Buffer.alloc(8, 1);
const trace = (number: number): Buffer => {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(number, 12);
  return id;
};
const part = (traceId: Buffer, name: string, fields: Partial<ReceivedSpan> = {}) =>
  span({ traceId, parentId, name, ...fields });

test("a trace with an error is kept whole, also what came before it and what comes after; others go", async () => {
  const { clock, names, sampler } = setUp({ share: 0 });
  await sampler.add([part(trace(1), "before"), part(trace(2), "ordinary"), line(), point()]);
  assert.deepEqual(names(), ["other", "other"]);
  await sampler.add([part(trace(1), "error", { failed: true })]);
  await clock.advance(12_000);
  assert.equal(sampler.waiting, 0);
  await sampler.add([part(trace(1), "after"), part(trace(2), "too late")]);
  await clock.advance(12_000);
  assert.deepEqual(names(), ["after", "before", "error", "other", "other"]);
  // An error is worth keeping whenever it comes.
  await sampler.add([part(trace(2), "late error", { failed: true })]);
  assert.ok(names().includes("late error"));
});

test("the slow are kept: of each kind those that take longer than 99 of a hundred, or than is said", async () => {
  const usual = setUp({ share: 0 });
  const request = (number: number, name: string, ms: number) =>
    span({ traceId: trace(number), name, startedAt: 1, endedAt: 1 + ms * 1_000 });
  for (let n = 0; n < 500; n++)
    await usual.sampler.add([request(n, "quick", 10), request(1_000 + n, "heavy", 900)]);
  await usual.sampler.add([
    part(trace(5_000), "a part of it"),
    request(5_000, "quick", 200),
    request(5_001, "heavy", 950),
  ]);
  usual.sampler.flush();
  assert.deepEqual(usual.names(), ["a part of it", "quick"]);

  const fixed = setUp({ share: 0, slowMs: 500 });
  await fixed.sampler.add([request(1, "quick", 499), request(2, "heavy", 500)]);
  fixed.sampler.flush();
  assert.deepEqual(fixed.names(), ["heavy"]);
});

test("of the others a share is kept, by their id", async () => {
  const kept = async (share: number): Promise<string[]> => {
    const { names, sampler } = setUp({ share });
    for (let n = 0; n < 2_000; n++) await sampler.add([part(trace(n), `${n}`)]);
    sampler.flush();
    return names();
  };
  const [tenth, half] = [await kept(0.1), await kept(0.5)];
  assert.ok(tenth.length > 150 && tenth.length < 250, String(tenth.length));
  assert.ok(half.length > 920 && half.length < 1_080, String(half.length));
  assert.ok(tenth.every((name) => half.includes(name)));
});

test("what waits is bounded: the oldest are decided about at once, and what cannot be written is lost and said", async () => {
  const { fail, lines, names, sampler } = setUp({ share: 1, maxWaiting: 100 });
  for (let n = 0; n < 150; n++) await sampler.add([part(trace(n), `${n}`)]);
  assert.deepEqual([sampler.waiting, names().length], [100, 50]);
  fail(new Error("the disk is full"));
  sampler.flush();
  await Promise.resolve();
  assert.equal(sampler.waiting, 0);
  assert.match(lines.join(), /the disk is full/);
});
