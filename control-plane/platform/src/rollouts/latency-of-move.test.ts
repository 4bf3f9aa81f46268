import assert from "node:assert/strict";
import { test } from "node:test";
import { LatencyHistogram, packLatency } from "@kerf/call/host";
import { ManualClock } from "@kerf/kernel";
import { LoadKeeper } from "../load/load-keeper.ts";
import type { Deployment } from "../placement/deployment.ts";
import { LatencyOfMove } from "./latency-of-move.ts";

const manifest = {
  services: [
    { name: "orders", uses: [{ name: "stock" }] },
    { name: "stock", uses: [] },
    { name: "letters", uses: [{ name: "stock", followed: true }] },
  ],
  gateways: [{ name: "web", expose: [{ name: "orders" }, { name: "letters" }] }],
};
const placed = (units: Record<string, string[]>) => ({ manifest, units }) as unknown as Deployment;

/** A program that serves operations and reports every second. */
function program(keeper: LoadKeeper, instance: string, unit: string, operations: string[]) {
  const served = new Map(
    operations.map((name) => [name, { calls: 0, latency: new LatencyHistogram() }]),
  );
  return (calls: number, ms: number): void => {
    for (const operation of served.values()) {
      operation.calls += calls;
      operation.latency.record(ms, calls);
    }
    keeper.heard(
      { instance, unit, release: "", adopted: false },
      {
        inFlight: 0,
        streams: 0,
        cpuMs: 0,
        residentBytes: 0,
        operations: [...served].map(([name, { calls: all, latency }]) => ({
          name,
          calls: all,
          failed: 0,
          latency: packLatency(latency.counts),
        })),
      },
    );
  };
}

test("calls of what moved and of its callers are set beside those of before; followers are left out", async () => {
  const clock = new ManualClock();
  const load = new LoadKeeper(clock);
  const all = ["orders.place", "stock.reserve", "letters.list"];
  const main = program(load, "main-1", "main", all);
  const web = program(load, "web-1", "gateway:web", ["orders.place", "letters.list"]);
  main(30, 4);
  web(30, 5);
  const before = placed({ main: ["orders", "stock", "letters"] });
  const latency = new LatencyOfMove({ clock, load }, before, ["stock"]);

  const next = program(load, "main-2", "main", ["orders.place", "letters.list"]);
  const stock = program(load, "stock-1", "stock", ["stock.reserve"]);
  next(0, 0);
  stock(0, 0);
  const after = placed({ main: ["orders", "letters"], stock: ["stock"] });
  const measuring = latency.after(after, 10_000);
  // What is reported first may be of before: it does not count.
  for (const report of [next, web, stock]) report(500, 100);
  next(40, 8);
  web(40, 10);
  stock(5, 1);
  await clock.advance(10_000);
  const { operations, seconds } = await measuring;
  assert.deepEqual(seconds, { before: 60, after: 10 });
  assert.deepEqual(
    operations.map(({ measuredBy, operation, ...calls }) => [
      operation,
      measuredBy,
      calls.before.calls,
      calls.after.calls,
    ]),
    [
      ["orders.place", "orders", 30, 40],
      ["orders.place", "gateway:web", 30, 40],
      ["stock.reserve", "stock", 30, 5],
    ],
  );
  const [place, , reserve] = operations;
  assert.ok(Math.abs((place?.before.p50Ms ?? 0) - 4) < 1 && (place?.after.p50Ms ?? 0) > 7);
  assert.ok(reserve?.before.p95Ms !== undefined);
  assert.equal(reserve.after.p95Ms, undefined, "of five calls nothing is said");
});
