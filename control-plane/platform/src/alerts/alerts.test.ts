import assert from "node:assert/strict";
import { test } from "node:test";
import type { AlertSettings } from "@kerf/service";
import fc from "fast-check";
import { alertText } from "./alert-text.ts";
import { alertWindows, windowTimes } from "./alert-windows.ts";
import { burnOf } from "./burn-rate.ts";
import { type CallsAt, callsOverTime, type CountedCalls } from "./calls-over-time.ts";
import { judge } from "./judge.ts";
import type { Objective } from "./objective.ts";
import { objectivesOf } from "./objectives-of.ts";

const minute = 60_000;
const hour = 60 * minute;
const now = Date.UTC(2026, 0, 1);
const stepMs = 10_000;
const { historyMs } = windowTimes(alertWindows);
const objective: Objective = {
  service: "payments",
  operation: "authorise",
  kind: "answered",
  target: 0.999,
};

/** Six hours of ten calls a second, of which a share failed that depends on how long ago it was, in milliseconds. */
function history(shareAgo: (ago: number) => number, perStep = 100): CallsAt[] {
  const steps = historyMs / stepMs;
  return Array.from({ length: steps }, (_, i) => {
    const at = now - historyMs + i * stepMs;
    return { at, calls: perStep, failed: perStep * shareAgo(now - at) };
  });
}

test("a burn rate is the share of failures, measured in budgets", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const target = fc.double({ min: 0.5, max: 0.9999, noNaN: true });
  fc.assert(
    fc.property(share, target, fc.constantFrom(5 * minute, hour), (failed, wanted, windowMs) => {
      const { rate } = burnOf(
        { target: wanted },
        history(() => failed),
        { now, windowMs },
      );
      assert.ok(Math.abs(rate - failed / (1 - wanted)) <= 1e-6 * Math.max(1, rate));
    }),
  );
});

test("only what lies in the window counts, and nobody calling is no failure", () => {
  const steps = [
    { at: now - hour - 1, calls: 5, failed: 5 },
    { at: now - hour, calls: 10, failed: 1 },
    { at: now, calls: 7, failed: 7 },
  ];
  const burn = burnOf(objective, steps, { now, windowMs: hour });
  assert.deepEqual([burn.calls, burn.failed], [10, 1]);
  assert.deepEqual(burnOf(objective, [], { now, windowMs: hour }), {
    calls: 0,
    failed: 0,
    rate: 0,
  });
  assert.equal(judge(objective, [], now), undefined);
});

test("the windows are those of the chapter: 2 % of a month's budget in an hour, 5 % in six", () => {
  const spent = alertWindows.map(({ longMs, rate }) => (rate * longMs) / (30 * 24 * hour));
  assert.deepEqual(
    spent.map((share) => Number(share.toFixed(6))),
    [0.02, 0.05],
  );
  for (const { longMs, shortMs } of alertWindows) assert.equal(longMs / shortMs, 12);
});

test("an outage is noticed within a minute, and a short one is over five minutes after it has ended", () => {
  const outage = (from: number, to: number): CallsAt[] =>
    history((ago) => (ago <= from && ago > to ? 1 : 0));
  // 14.4 budgets of an hour, 1.44 % of its calls: 52 s in which all fail.
  assert.equal(judge(objective, outage(40_000, 0), now), undefined);
  const alert = judge(objective, outage(minute, 0), now);
  assert.equal(alert?.windows.longMs, hour);
  assert.ok(judge(objective, outage(6 * minute, 4 * minute), now) !== undefined);
  assert.equal(judge(objective, outage(7 * minute, 5 * minute), now), undefined);
});

test("what is slow to spend a budget is noticed by the longer windows, and what is allowed never", () => {
  const budget = 1 - objective.target;
  assert.equal(
    judge(
      objective,
      history(() => 10 * budget),
      now,
    )?.windows.longMs,
    6 * hour,
  );
  fc.assert(
    fc.property(fc.double({ min: 0, max: 5.9, noNaN: true }), (budgets) => {
      assert.equal(
        judge(
          objective,
          history(() => budgets * budget),
          now,
        ),
        undefined,
      );
    }),
  );
});

test("where few call, one failure wakes nobody", () => {
  const rare = (failed: number): CallsAt[] => [{ at: now - minute, calls: 20, failed }];
  assert.equal(judge(objective, rare(2), now), undefined);
  assert.ok(judge(objective, rare(3), now) !== undefined);
});

test("a declared error is an answer, and so is what the caller may not have; the rest counts", () => {
  const series = (
    labels: Readonly<Record<string, string>>,
    ...points: readonly Partial<CountedCalls>[]
  ) => ({
    labels: { "rpc.service": "payments", "rpc.method": "authorise", ...labels },
    points: points.map(({ below = [], calls = 0 }, i) => ({ at: now + i, count: calls, below })),
  });
  const calls = callsOverTime([
    series({}, { calls: 90, below: [80, 85] }, { calls: 50, below: [50, 50] }),
    series({ "error.type": "outOfStock", "kerf.declared": "1" }, { calls: 6, below: [6, 6] }),
    series({ "error.type": "deadline_exceeded", "kerf.declared": "" }, { calls: 3, below: [0, 0] }),
    series({ "error.type": "invalid_input" }, { calls: 1, below: [1, 1] }),
    series({ "error.type": "cancelled" }, { calls: 1, below: [1, 1] }),
    series({ "error.type": "somebody elses" }, { calls: 1, below: [1, 1] }),
  ]);
  assert.deepEqual(
    [...(calls.get("payments.authorise")?.values() ?? [])],
    [
      { at: now, calls: 102, failed: 4, answered: 98, below: [88, 93] },
      { at: now + 1, calls: 50, failed: 0, answered: 50, below: [50, 50] },
    ],
  );
});

test("what is promised: what holds for all, unless the contract, the app of the service or of the operation says otherwise", () => {
  const operations = {
    get: { kind: "query" },
    place: { kind: "command", objective: { available: 0.9999, within: { ms: 300, share: 0.99 } } },
    watch: { kind: "stream" },
    try: { kind: "query", objective: false },
  };
  const service = { name: "orders", owner: "checkout-team", contract: { operations } };
  const promised = (alerts: AlertSettings): string[] =>
    objectivesOf({ alerts, gateways: [], services: [service as never] }).map(
      ({ operation, target, withinMs }) => `${operation} ${target} ${withinMs ?? ""}`.trim(),
    );
  assert.deepEqual(promised({}), ["get 0.999", "place 0.9999", "place 0.99 300", "watch 0.999"]);
  assert.deepEqual(
    promised({
      objectives: {
        "*": { available: 0.99, within: { ms: 50, share: 0.9 } },
        "orders.place": { within: { ms: 100, share: 0.95 } },
        "orders.get": false,
        "orders.try": { available: 0.5 },
      },
    }),
    ["place 0.9999", "place 0.95 100", "watch 0.99", "try 0.5"],
  );
  assert.deepEqual(promised({ objectives: { orders: false } }), []);
});

test("times follow from windows", () => {
  const minutes = { historyMs: 6 * hour, stepMs: minute, calmMs: 5 * minute, everyMs: 15_000 };
  assert.deepEqual(windowTimes(alertWindows), minutes);
  assert.deepEqual(windowTimes([{ longMs: 60_000, shortMs: 20_000, rate: 2 }]), {
    historyMs: 60_000,
    stepMs: 4_000,
    calmMs: 20_000,
    everyMs: 1_000,
  });
});

test("an alert says what is missed, by how much, and how long the budget lasts", () => {
  const alert = judge(
    objective,
    history((ago) => (ago <= 30 * minute ? 0.06 : 0)),
    now,
  );
  assert.ok(alert !== undefined);
  assert.equal(
    alertText(alert),
    "payments.authorise misses its objective of 99.9 %: 6 % of 3000 calls failed in the last 5 min; at the rate of the last 1 h a budget of 30 d lasts 24 h.",
  );
  const slow = { ...objective, kind: "in-time", target: 0.99, withinMs: 300 } as const;
  assert.match(
    alertText({ ...alert, objective: slow }),
    /objective of 99 % within 300 ms: 6 % of 3000 calls were slower in the last 5 min;/,
  );
});
