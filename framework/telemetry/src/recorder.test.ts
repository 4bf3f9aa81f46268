import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock, newTrace } from "@kerf/kernel";
import { Logger, silentLogger } from "./logger.ts";
import { Recorder } from "./recorder.ts";
import { type Span, SpanTemplate } from "./span.ts";

const of = new SpanTemplate("call", "orders", "prices/quote", {});
const span = (startedAt = 0): Span => ({
  of,
  trace: newTrace(true),
  startedAt,
  endedAt: startedAt + 1,
  failed: false,
  attributes: undefined,
});

function recorderOf(accepts: () => boolean = () => true) {
  const clock = new ManualClock();
  const sizes: number[] = [];
  const lines: { message: string }[] = [];
  const sink = (line: string): void => void lines.push(JSON.parse(line) as { message: string });
  const log = new Logger({ level: "warn", clock, sink });
  const stopped: number[] = [];
  let added = 0;
  const recorder = new Recorder({
    clock,
    log,
    exporter: {
      add: () => void added++,
      send() {
        const spans = added;
        added = 0;
        return accepts() && sizes.push(spans) > 0;
      },
      stop: async (ms) => void stopped.push(ms),
    },
  });
  return { recorder, clock, lines, sizes, stopped };
}

test("spans go out together a second after the first, or when half of the buffer is full", async () => {
  const { recorder, clock, sizes } = recorderOf();
  recorder.record(span());
  recorder.record(span());
  await clock.advance(999);
  assert.deepEqual(sizes, []);
  await clock.advance(1);
  assert.deepEqual(sizes, [2]);
  // Nothing is waited for while nothing is recorded.
  await clock.advance(60_000);
  assert.deepEqual(sizes, [2]);
  for (let i = 0; i < 4_095; i++) recorder.record(span());
  await clock.advance(0);
  assert.deepEqual(sizes, [2]);
  recorder.record(span());
  await clock.advance(0);
  assert.deepEqual(sizes, [2, 4_096]);
});

test("what finds no room is dropped, counted, and said once a minute", async () => {
  const { recorder, clock, sizes, lines, stopped } = recorderOf();
  for (let i = 0; i < 9_096; i++) recorder.record(span());
  assert.equal(recorder.dropped, 904);
  await clock.advance(0);
  assert.deepEqual(sizes, [8_192]);
  assert.equal(lines.length, 1);
  recorder.drop(96);
  assert.equal(lines.length, 1);
  await clock.advance(60_000);
  recorder.drop(1);
  assert.match(lines[1]?.message ?? "", /^1000 spans were dropped/);
  await recorder.stop(7);
  assert.deepEqual(stopped, [7]);
});

test("an exporter without room loses a batch and nothing else", () => {
  let room = false;
  const { recorder, sizes } = recorderOf(() => room);
  recorder.record(span());
  recorder.flush();
  assert.equal(recorder.dropped, 1);
  room = true;
  recorder.record(span());
  recorder.flush();
  assert.deepEqual(sizes, [1]);
});

test("wall times follow the clock when it is set, and not its rounding", () => {
  let now = 1_000.25;
  let wall = 5_000_000;
  const epochs: number[] = [];
  const recorder = new Recorder({
    clock: { now: () => now, wall: () => wall, after: () => ({ cancel() {} }) },
    log: silentLogger,
    exporter: {
      add: (_span, epochMs) => void epochs.push(epochMs),
      send: () => true,
      stop: () => Promise.resolve(),
    },
  });
  const at = (monotonic: number, told: number): number => {
    [now, wall] = [monotonic, told];
    recorder.record(span(now));
    recorder.flush();
    return epochs.at(-1) as number;
  };
  assert.equal(at(1_000.75, 5_000_000), 4_998_999.25);
  // The same millisecond, told right after it began: closer to the truth.
  assert.equal(at(1_001.25, 5_000_001), 4_998_999.75);
  assert.equal(at(1_001.95, 5_000_001), 4_998_999.75);
  // Set forth, then back.
  assert.equal(at(1_002, 6_000_000), 5_998_998);
  assert.equal(at(1_003, 5_000_000), 4_998_997);
});
