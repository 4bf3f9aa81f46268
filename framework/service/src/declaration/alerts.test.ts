import assert from "node:assert/strict";
import { test } from "node:test";
import { alertProblems } from "./alerts.ts";

const operations = new Map([["orders", { get: {}, place: {} }]]);

test("what an app says of alerts is checked to the last field", () => {
  const right = {
    objectives: {
      "*": { available: 0.99 },
      orders: false,
      "orders.get": { within: { ms: 100, share: 0.9 } },
    },
    leastFailures: 5,
    dashboard: "https://kerf.example.org/shop",
    windows: [{ longMs: 60_000, shortMs: 20_000, rate: 14.4 }],
  };
  assert.deepEqual(alertProblems(right, operations), []);
  const wrong = {
    objectives: {
      "orders.nope": { available: 0.99 },
      nobody: false,
      orders: { available: 2 },
    },
    leastFailures: 0,
    dashboard: "https://user:secret@example.org",
    windows: [{ longMs: 60_000, shortMs: 120_000, rate: 14.4 }],
    to: "me",
  };
  assert.deepEqual(alertProblems(wrong, operations), [
    "alerts.to is no field; there are objectives, leastFailures, dashboard, windows",
    "alerts.objectives.orders.nope: orders has no such operation",
    "alerts.objectives.nobody: there is no service nobody",
    "alerts.objectives.orders.available 2 must be a share from 0.5 to 0.99999, such as 0.999",
    "alerts.leastFailures must be a whole number from 1 to 1000000",
    'alerts.dashboard: "https://user:secret@example.org" is no http:// or https:// address without user, password and query',
    "alerts.windows[0] must be { longMs, shortMs, rate } with 10000 <= shortMs <= longMs <= 259200000 and rate from 1",
  ]);
  const far = [
    { longMs: 86_400_000, shortMs: 3_600_000, rate: 3 },
    { longMs: 60_000, shortMs: 10_000, rate: 3 },
  ];
  assert.deepEqual(alertProblems({ windows: far }, operations), [
    "alerts.windows: the longest is more than 300 times the shortest",
  ]);
});
