import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestScale, scaleProblems } from "./scale.ts";

test("how units scale is data in the manifest", () => {
  assert.deepEqual(
    manifestScale({
      search: { max: 10, cpu: "60%", lag: 1_000 },
      users: { min: 0, max: 3, inFlight: 20, idleSeconds: 300 },
    }),
    {
      search: { min: 1, max: 10, target: { cpuShare: 0.6, lag: 1_000 } },
      users: { min: 0, max: 3, target: { inFlight: 20 }, idleMs: 300_000 },
    },
  );
});

test("every wrong bound and target is named", () => {
  const names = ["main", "orders"];
  assert.deepEqual(scaleProblems({ main: { max: 4 }, orders: { min: 0, max: 1 } }, names), []);
  assert.deepEqual(
    scaleProblems(
      { mian: { max: 2 }, main: { min: 3, max: 2 }, orders: { max: 2, cpu: "0.7", inFlight: 0 } },
      names,
    ),
    [
      'scale: there is no unit "mian"; there can be main, orders',
      "scale: main: from 3 to 2 copies is not within 0 to 100",
      "scale: orders: inFlight 0 is not more than 0",
      'scale: orders: cpu "0.7" is not like "70%"',
    ],
  );
});
