import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { startService } from "kerf/testing";
import payments from "./service.ts";

const total = { amount: 2_450, currency: "EUR" };
const ok = { orderId: "a", total, method: "card-ok" } as const;

test("money that is captured has gone from the customer to the shop, and nothing is held", async () => {
  await using bank = await startService(payments);
  const { client } = bank;
  assert.deepEqual(await client.authorise(ok), { state: "authorised" });
  assert.deepEqual(await balances(client), { customers: -2_450, holds: 2_450 });
  assert.deepEqual(await client.capture({ orderId: "a" }), { state: "captured" });
  assert.deepEqual(await balances(client), { customers: -2_450, holds: 0, sales: 2_450 });
  assert.deepEqual(await client.get({ orderId: "a" }), { state: "captured", total });
});

test("a declined payment moves nothing and cannot be captured", async () => {
  await using bank = await startService(payments);
  const { client } = bank;
  assert.deepEqual(await client.authorise({ ...ok, method: "card-declined" }), {
    state: "declined",
  });
  const { error } = await safe(client.capture({ orderId: "a" }));
  assert.equal(error?.code, "notAuthorised");
  assert.deepEqual(error.data, { state: "declined" });
  assert.deepEqual(await balances(client), {});
});

test("a charge beyond what the operator allows is declined", async () => {
  await using bank = await startService(payments, { config: { largestCharge: 2_449 } });
  assert.deepEqual(await bank.client.authorise(ok), { state: "declined" });
  assert.deepEqual(await balances(bank.client), {});
});

test("what is held can be given back, once", async () => {
  await using bank = await startService(payments);
  const { client } = bank;
  await client.authorise(ok);
  assert.deepEqual(await client.void({ orderId: "a" }), { voided: true });
  assert.deepEqual(await client.void({ orderId: "a" }), { voided: false });
  assert.deepEqual(await balances(client), { customers: 0, holds: 0 });
  const { error } = await safe(client.capture({ orderId: "a" }));
  assert.equal(error?.code, "notAuthorised");
});

test("money that was captured is not given back", async () => {
  await using bank = await startService(payments);
  const { client } = bank;
  await client.authorise(ok);
  await client.capture({ orderId: "a" });
  assert.deepEqual(await client.void({ orderId: "a" }), { voided: false });
});

test("the same order at once and again is held and captured once", async () => {
  await using bank = await startService(payments);
  const { client } = bank;
  const times = [1, 2, 3, 4];
  await Promise.all(times.map(() => client.authorise(ok)));
  await Promise.all(times.map(() => client.capture({ orderId: "a" })));
  // A changed mind does not change what was decided.
  assert.deepEqual(await client.authorise({ ...ok, method: "card-declined" }), {
    state: "captured",
  });
  assert.deepEqual(await balances(client), { customers: -2_450, holds: 0, sales: 2_450 });
});

test("there is nothing to capture without a payment", async () => {
  await using bank = await startService(payments);
  const { error } = await safe(bank.client.capture({ orderId: "nobody's" }));
  assert.equal(error?.code, "noPayment");
});

test("the ledger sums to zero after any mix of payments", async () => {
  await using bank = await startService(payments);
  const { client } = bank;
  await Promise.all(
    Array.from({ length: 12 }, async (_, n) => {
      const orderId = `order-${n}`;
      await client.authorise({ ...ok, orderId, total: { amount: 1 + n * 7, currency: "EUR" } });
      await (n % 3 === 0 ? client.void({ orderId }) : client.capture({ orderId }));
    }),
  );
  const sum = Object.values(await balances(client)).reduce((a, b) => a + b, 0);
  assert.equal(sum, 0);
});

test("entries that do not balance are refused by the database", async () => {
  await using bank = await startService(payments);
  await bank.client.authorise(ok);
  const lopsided = { order_id: "a", movement: "captured", currency: "EUR" } as const;
  await assert.rejects(
    bank.db
      .insertInto("ledger_entries")
      .values({ ...lopsided, account: "sales", amount: 5 })
      .execute(),
    /do not balance/,
  );
  assert.deepEqual(await balances(bank.client), { customers: -2_450, holds: 2_450 });
});

async function balances(client: {
  ledger(input: object): Promise<{ accounts: { account: string; balance: number }[] }>;
}): Promise<Record<string, number>> {
  const { accounts } = await client.ledger({});
  return Object.fromEntries(accounts.map(({ account, balance }) => [account, balance]));
}
