import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram, packLatency } from "@kerf/call/host";
import { ManualClock } from "@kerf/kernel";
import { keptMs } from "./load-history.ts";
import { LoadKeeper } from "./load-keeper.ts";
import { failureShare, quantile, rateOf } from "./load-window.ts";

/** An instance that counts as a program does, and reports. */
function instance(keeper: LoadKeeper, id: string, release: string, adopted = false) {
  const latency = new LatencyHistogram();
  let calls = 0;
  let failed = 0;
  return {
    serve(count: number, ms: number, failures = 0): void {
      for (let i = 0; i < count; i++) latency.record(ms);
      calls += count;
      failed += failures;
    },
    report(cpuMs = 0): void {
      const operation = {
        name: "orders.get",
        calls,
        failed,
        latency: packLatency(latency.counts),
      };
      keeper.heard(
        { instance: id, unit: "orders", release, adopted },
        { inFlight: 2, streams: 1, cpuMs, residentBytes: 5, operations: [operation] },
      );
    },
  };
}

test("what instances count is kept by instance, release and operation, for the time that is asked", async () => {
  const clock = new ManualClock();
  const keeper = new LoadKeeper(clock);
  const old = instance(keeper, "orders-1", "1");
  const next = instance(keeper, "orders-2", "2");
  for (let second = 0; second < 20; second++) {
    await clock.advance(1_000);
    old.serve(10, 4);
    next.serve(5, 20, 1);
    old.report();
    next.report();
  }
  const [first, second] = ["1", "2"].map((release) =>
    keeper.window({ unit: "orders", release, operation: "orders.get" }, 60_000),
  ) as [never, never];
  assert.deepEqual(
    [first, second].map(({ calls, failed }) => [calls, failed]),
    [
      [200, 0],
      [100, 20],
    ],
  );
  assert.equal(failureShare(second), 0.2);
  assert.ok(Math.abs(rateOf(keeper.windowOfInstance("orders-1", 60_000)) - 10) < 1);
  assert.equal(keeper.window({ unit: "orders" }, 60_000).calls, 300);
  assert.ok(Math.abs((quantile(first, 0.95) as number) - 4) < 0.5);
  assert.ok(
    Math.abs((quantile(keeper.window({ unit: "orders" }, 60_000), 0.95) as number) - 20) < 3,
  );
  // Whole slices: of the last ten seconds 10 to 14 are kept.
  const recent = keeper.windowOfInstance("orders-1", 10_000);
  assert.ok(recent.calls >= 100 && recent.calls < 150, String(recent.calls));
  assert.deepEqual(keeper.operationsOf("orders"), ["orders.get"]);
});

test("what an instance had done before this platform came counts for nothing", async () => {
  const clock = new ManualClock();
  const keeper = new LoadKeeper(clock);
  const adopted = instance(keeper, "orders-1", "1", true);
  adopted.serve(1_000_000, 1, 7);
  adopted.report();
  assert.equal(keeper.windowOfInstance("orders-1", keptMs).calls, 0);
  await clock.advance(1_000);
  adopted.serve(3, 1);
  adopted.report();
  assert.equal(keeper.windowOfInstance("orders-1", keptMs).calls, 3);
});

test("processor time is a share of the time between reports", async () => {
  const clock = new ManualClock();
  const keeper = new LoadKeeper(clock);
  const busy = instance(keeper, "orders-1", "1");
  for (let second = 1; second <= 10; second++) {
    await clock.advance(1_000);
    busy.report(second * 500);
  }
  assert.equal(keeper.instance("orders-1")?.cpuShare, 0.5);
});

test("after five minutes of silence nothing is left of an instance", async () => {
  const clock = new ManualClock();
  const keeper = new LoadKeeper(clock);
  const gone = instance(keeper, "orders-1", "1");
  gone.serve(10, 1);
  gone.report();
  await clock.advance(keptMs + 10_000);
  assert.equal(keeper.windowOfInstance("orders-1", keptMs).calls, 0);
  instance(keeper, "orders-2", "1").report();
  assert.equal(keeper.instance("orders-1"), undefined);
  assert.deepEqual(
    keeper.instancesOf("orders").map(({ subject }) => subject.instance),
    ["orders-2"],
  );
});
