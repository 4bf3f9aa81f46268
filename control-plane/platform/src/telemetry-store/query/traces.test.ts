import assert from "node:assert/strict";
import { test } from "node:test";
import type { Received } from "../store.ts";
import { setUp, span } from "../testing/rows.ts";

const second = 1_000_000;
const everything = { query: "", from: 0, to: 1_000_000, limit: 100 };
const idOf = (number: number): Buffer => Buffer.alloc(16, number);
const parentId = Buffer.alloc(8, 1);

/** An order: its request, the call of payments, and an event that is handled long afterwards. */
function order(number: number, { broken = false, release = "payments@1" } = {}): Received[] {
  const traceId = idOf(number);
  const startedAt = number * second;
  return [
    span({
      traceId,
      parentId,
      service: "payments",
      name: "payments/charge",
      startedAt: startedAt + 10,
      failed: broken,
      more: { "service.version": release },
      attributes: { "order.id": `o-${number}`, ...(broken ? { "error.type": "internal" } : {}) },
    }),
    span({
      traceId,
      service: "gateway:web",
      name: "POST /orders",
      startedAt,
      endedAt: startedAt + 50_000,
      attributes: { "http.route": "/orders" },
    }),
    span({
      traceId,
      parentId,
      service: "notifications",
      name: "orders/placed",
      startedAt: startedAt + 9 * second,
      endedAt: startedAt + 9 * second + 5,
    }),
  ];
}

test("a trace is found by any of its spans, and told in one line, also when it lies in two files", async (t) => {
  const { clock, store } = setUp(t);
  const [late, ...early] = order(2, { broken: true }).reverse();
  store.add([...order(1), ...early]);
  await clock.advance(7 * 3_600_000);
  store.add([late as Received, ...order(3).slice(0, 1)]);
  const ids = (query: string): string[] =>
    store.traces({ ...everything, query }).map(({ traceId }) => traceId.slice(0, 2));
  assert.deepEqual(ids(""), ["03", "02", "01"]);
  assert.deepEqual(ids("status:error"), ["02"]);
  assert.deepEqual(ids("@order.id:o-1"), ["01"]);
  assert.deepEqual(ids("service:notifications"), ["02", "01"]);
  assert.deepEqual(ids("release:payments@1 -status:error"), ["03", "01"]);
  assert.deepEqual(
    store.traces({ ...everything, limit: 1 }).map(({ traceId }) => traceId.slice(0, 2)),
    ["03"],
  );
  const [, summary] = store.traces(everything);
  assert.deepEqual(summary, {
    traceId: idOf(2).toString("hex"),
    startedAt: 2 * second,
    durationMicros: 50_000,
    service: "gateway:web",
    name: "POST /orders",
    failed: true,
    errorType: "internal",
    spans: 3,
    services: ["gateway:web", "payments", "notifications"],
  });
});

test("reads of logs are found when they are asked for, and are not between the requests", (t) => {
  const { store } = setUp(t);
  const read = span({ service: "notifications", name: "read orders", kind: 3, startedAt: second });
  store.add([span({ name: "orders/place", startedAt: second }), read]);
  const names = (query: string): string[] =>
    store.traces({ ...everything, query }).map(({ name }) => name);
  assert.deepEqual(names(""), ["orders/place"]);
  assert.deepEqual(names('name:"read orders"'), ["read orders"]);
  assert.deepEqual(names("service:notifications"), ["read orders"]);
});

test("what tells traces from others stands first: here a release", (t) => {
  const { store } = setUp(t);
  for (let number = 1; number <= 40; number++) {
    const release = number % 4 === 0 ? "payments@2" : "payments@1";
    store.add(order(number, { release, broken: number % 8 === 0 }));
  }
  const period = { from: 0, to: 1_000_000 };
  const asked = {
    query: "status:error",
    against: "",
    within: "",
    services: undefined,
    selection: period,
    baseline: period,
    limit: 10,
  };
  const { baseline, differences, selected } = store.compare(asked);
  assert.deepEqual([selected, baseline], [5, 35]);
  const [error, release] = differences;
  assert.deepEqual(error, {
    attribute: "error.type",
    value: "internal",
    selected: 5,
    baseline: 0,
    selectedShare: 1,
    baselineShare: 0,
  });
  assert.equal(release?.attribute, "release");
  assert.deepEqual(
    differences.slice(1, 3).map((one) => [one.value, one.selected, one.baseline]),
    [
      ["payments@2", 5, 5],
      ["payments@1", 0, 30],
    ],
  );
  // What all have, and what only one has, are no differences.
  assert.ok(!differences.some(({ attribute }) => ["http.route", "order.id"].includes(attribute)));

  const two = [idOf(4), idOf(12)].map((id) => `trace:${id.toString("hex")}`).join(" OR ");
  assert.equal(
    store.compare({ ...asked, query: two, limit: 1 }).differences[0]?.value,
    "payments@2",
  );
  // Held against others than all; and only what some services recorded counts.
  const one = `trace:${idOf(8).toString("hex")}`;
  const pair = { ...asked, query: one, against: `root:true trace:${idOf(1).toString("hex")}` };
  assert.equal(store.compare(pair).baseline, 1);
  const within = { ...asked, query: "root:true", within: `trace:${idOf(3).toString("hex")}` };
  assert.deepEqual([store.compare(within).selected, store.compare(within).baseline], [1, 0]);
  const narrowed = store.compare({ ...asked, services: ["gateway:web"] });
  assert.ok(!narrowed.differences.some(({ attribute }) => attribute === "release"));
});
