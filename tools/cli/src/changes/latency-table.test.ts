import assert from "node:assert/strict";
import { test } from "node:test";
import { latencyTable } from "./latency-table.ts";

test("what calls took is a line for each operation, and too few calls are said to be that", () => {
  const lines = latencyTable({
    seconds: { before: 60, after: 10 },
    leastCalls: 20,
    operations: [
      {
        operation: "orders.place",
        measuredBy: "gateway:web",
        before: { calls: 900, failed: 0, p50Ms: 8.25, p95Ms: 19.7 },
        after: { calls: 150, failed: 0, p50Ms: 9.1, p95Ms: 24.2 },
      },
      {
        operation: "inventory.reserve",
        measuredBy: "inventory",
        before: { calls: 900, failed: 0, p50Ms: 2, p95Ms: 4 },
        after: { calls: 3, failed: 1 },
      },
      {
        operation: "inventory.release",
        measuredBy: "inventory",
        before: { calls: 1, failed: 0 },
        after: { calls: 0, failed: 0 },
      },
    ],
  });
  assert.deepEqual(lines, [
    "  latency    in the 60 s before, and for 10 s afterwards",
    "                                                  p50 ms         p95 ms      calls  failed",
    "    orders.place       at the gateway web      8.3 → 9.1        20 → 24  900 → 150   0 → 0",
    "    inventory.reserve                      2.0 → too few  4.0 → too few    900 → 3   0 → 1",
    "    inventory.release                      too few calls  too few calls      1 → 0   0 → 0",
  ]);
  assert.deepEqual(
    latencyTable({ seconds: { before: 60, after: 5 }, leastCalls: 20, operations: [] }),
    ["  latency    nobody called, in the 60 s before, and for 5 s afterwards"],
  );
});
