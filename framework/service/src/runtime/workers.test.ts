import assert from "node:assert/strict";
import { test } from "node:test";
import { contract } from "@kerf/contract";
import { KerfError, ManualClock, TimerWheel } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import type { WorkerArgs } from "../declaration/handlers.ts";
import { service } from "../declaration/service.ts";
import { ServiceRuntime } from "./runtime.ts";

const nothing = contract("nothing", { version: "1.0.0", operations: {} });
type Run = (
  args: WorkerArgs<typeof nothing, Record<never, never>, Record<never, never>>,
) => Promise<boolean | void>;

function startWorker(run: Run, options: { everyMs: number; deadlineMs?: number }) {
  const clock = new ManualClock();
  const wheel = new TimerWheel(clock);
  const lines: Record<string, unknown>[] = [];
  const log = new Logger({
    level: "info",
    clock,
    sink: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const declared = service(nothing, { owner: "test" })
    .implement({})
    .worker("work", { ...options, run });
  // The highest chance, so that pauses are what they are at most.
  const random = { next: () => 1 };
  const runtime = new ServiceRuntime({
    services: [declared],
    databases: {},
    clock,
    wheel,
    random,
    log,
    instance: "test",
  });
  runtime.startWorkers();
  return { clock, lines, runtime };
}

test("the first run starts at once, the next one a pause after its end, never two at once", async () => {
  const ends: (() => void)[] = [];
  const { clock, runtime } = startWorker(() => new Promise((resolve) => ends.push(resolve)), {
    everyMs: 1_000,
  });
  assert.equal(ends.length, 1);
  await clock.advance(10_000);
  assert.equal(ends.length, 1);
  ends[0]?.();
  await clock.advance(999);
  assert.equal(ends.length, 1);
  await clock.advance(1);
  assert.equal(ends.length, 2);
  ends[1]?.();
  await runtime.stopWorkers();
});

test("a run that says there is more is followed by the next one at once", async () => {
  const idle = Promise.withResolvers<void>();
  let left = 3;
  const { clock, runtime } = startWorker(
    async () => {
      left--;
      if (left === 0) idle.resolve();
      return left > 0;
    },
    { everyMs: 1_000 },
  );
  await idle.promise;
  await clock.advance(999);
  assert.equal(left, 0);
  await clock.advance(1);
  assert.equal(left, -1);
  assert.equal(await runtime.runWorker("nothing", "work"), false);
  await assert.rejects(runtime.runWorker("nothing", "rest"), { code: "invalid_app" });
  await runtime.stopWorkers();
});

test("runs that fail are logged in full and tried again ever later, up to a bound; a good one starts over", async () => {
  let failing = true;
  const startedAt: number[] = [];
  const { clock, lines, runtime } = startWorker(
    async ({ clock: theClock }) => {
      startedAt.push(theClock.now());
      if (failing) throw new Error(`attempt ${startedAt.length}`);
    },
    { everyMs: 50 },
  );
  await clock.advance(30_000);
  const pauses = startedAt.slice(1).map((at, index) => at - (startedAt[index] as number));
  assert.deepEqual(pauses.slice(0, 7), [100, 200, 400, 800, 1_600, 3_200, 5_000]);
  assert.match(String(lines[0]?.["error"]), /attempt 1/);
  assert.equal(lines[0]?.["level"], "error");
  assert.equal(lines[0]?.["worker"], "work");
  assert.equal(lines[0]?.["service"], "nothing");
  assert.match(String(lines[0]?.["trace_id"]), /^[0-9a-f]{32}$/);
  failing = false;
  await clock.advance(5_000);
  const count = startedAt.length;
  await clock.advance(50);
  assert.equal(startedAt.length, count + 1);
  await runtime.stopWorkers();
});

test("what another service does not answer is a warning", async () => {
  const { clock, lines, runtime } = startWorker(
    () => Promise.reject(new KerfError("unavailable", "nobody answers")),
    { everyMs: 1_000 },
  );
  await clock.advance(0);
  assert.deepEqual(
    lines.map((line) => line["level"]),
    ["warn"],
  );
  await runtime.stopWorkers();
});

test("a run that takes too long is told so", async () => {
  const reasons: unknown[] = [];
  const { clock, runtime } = startWorker(
    ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          reasons.push((signal.reason as { code: string }).code);
          resolve();
        });
      }),
    { everyMs: 1_000, deadlineMs: 500 },
  );
  await clock.advance(600);
  assert.deepEqual(reasons, ["deadline_exceeded"]);
  await runtime.stopWorkers();
});

test("stopping cancels the run, waits for its end, and starts no other", async () => {
  const order: string[] = [];
  const { clock, lines, runtime } = startWorker(
    async ({ signal }) => {
      order.push("started");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      order.push("told to stop");
      await Promise.resolve();
      order.push("ended");
      throw signal.reason as Error;
    },
    { everyMs: 1 },
  );
  const stopped = runtime.stopWorkers().then(() => order.push("stopped"));
  await clock.advance(10_000);
  await stopped;
  assert.deepEqual(order, ["started", "told to stop", "ended", "stopped"]);
  assert.deepEqual(lines, []);
  await runtime.stopWorkers();
});
