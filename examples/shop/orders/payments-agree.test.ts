import assert from "node:assert/strict";
import { test } from "node:test";
import { fake, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import { inventory } from "../inventory/contract.ts";
import { payments } from "../payments/contract.ts";
import orders from "./service.ts";

const longAgo = "2026-01-01T00:00:00.000Z";
const id = (n: number) => `00000000-0000-7000-8000-00000000000${n}`;

interface Charge {
  orderId: string;
  state: "authorised" | "captured";
  amount: number;
  changedAt: string;
}

/** The order service with these orders, on payments that say this. */
async function started(
  confirmed: readonly { n: number; amount: number; at?: string }[],
  charges: readonly Charge[],
) {
  const desk = fake(payments, {
    charges: ({ input: { after } }) => ({
      items: charges.filter(({ orderId }) => orderId > (after ?? "")).slice(0, 1),
    }),
    capture: { state: "captured" },
    void: { voided: true },
  });
  const service = await startService(orders, {
    uses: { payments: desk, catalog: fake(catalog, {}), inventory: fake(inventory, {}) },
  });
  for (const { n, amount, at = longAgo } of confirmed) {
    await service.raw.query(
      "insert into orders (id, user_id, status, total_amount, currency, payment_method) values ($1, 'ada', 'confirmed', $2, 'EUR', 'card-ok')",
      [id(n), amount],
    );
    await service.raw.query(
      "insert into order_states (order_id, sequence, status, entered_at) values ($1, 1, 'confirmed', $2)",
      [id(n), at],
    );
  }
  return { desk, service, [Symbol.asyncDispose]: () => service.stop() };
}

const charge = (
  n: number,
  state: Charge["state"],
  amount: number,
  changedAt = longAgo,
): Charge => ({
  orderId: id(n),
  state,
  amount,
  changedAt,
});

test("orders and payments that agree are reported as such", async () => {
  await using made = await started(
    [
      { n: 1, amount: 100 },
      { n: 2, amount: 200 },
    ],
    [charge(1, "captured", 100), charge(2, "captured", 200)],
  );
  const report = await made.service.reconcile("payments-agree");
  assert.deepEqual([report?.compared, report?.differences, report?.failure], [2, [], null]);
});

test("what differs is named with both sides; what is young is not judged", async () => {
  await using made = await started(
    [
      { n: 1, amount: 100 },
      { n: 2, amount: 200 },
      { n: 3, amount: 300, at: new Date().toISOString() },
    ],
    [
      charge(1, "captured", 90),
      charge(4, "captured", 400),
      charge(5, "authorised", 1, new Date().toISOString()),
    ],
  );
  const report = await made.service.reconcile("payments-agree", { repair: true });
  assert.deepEqual(
    report?.differences?.map(({ key, kind, repaired }) => [key, kind, repaired]),
    [
      [id(1), "different", false],
      [id(2), "missing there", false],
      [id(4), "missing here", false],
    ],
  );
  assert.equal(made.desk.calls.capture.length + made.desk.calls.void.length, 0);
});

test("money that is held for a confirmed order is taken, and for none given back; only when that is asked for", async () => {
  await using made = await started(
    [{ n: 1, amount: 100 }],
    [charge(1, "authorised", 100), charge(2, "authorised", 50)],
  );
  const first = await made.service.reconcile("payments-agree");
  assert.equal(first?.repaired, 0);
  assert.equal(made.desk.calls.capture.length, 0);
  const second = await made.service.reconcile("payments-agree", { repair: true });
  assert.deepEqual(
    second?.differences?.map(({ key, repaired }) => [key, repaired]),
    [
      [id(1), true],
      [id(2), true],
    ],
  );
  assert.deepEqual(
    made.desk.calls.capture.map(({ input }) => input),
    [{ orderId: id(1) }],
  );
  assert.deepEqual(
    made.desk.calls.void.map(({ input }) => input),
    [{ orderId: id(2) }],
  );
  assert.match(String(made.desk.calls.capture[0]?.idempotencyKey), /^reconcile:/);
});
