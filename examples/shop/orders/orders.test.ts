import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { fake, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import { inventory } from "../inventory/contract.ts";
import orders from "./service.ts";
import { move } from "./states.ts";

const chisel = {
  sku: "chisel-12",
  name: "Chisel",
  description: "Bevel edge",
  price: { amount: 2_450, currency: "EUR" },
};
const saw = { ...chisel, sku: "saw-tenon", name: "Saw", price: { amount: 8_900, currency: "EUR" } };
const payment = { method: "card-ok" } as const;

/** The order service of Ada, in a shop that sells two things. */
function started() {
  const products = fake(catalog, {
    lookup: ({ input }) => ({ items: [chisel, saw].filter(({ sku }) => input.skus.includes(sku)) }),
  });
  // Nothing is kept back yet: an order stays as it was placed.
  const busy = fake(inventory, { reserve: () => new Promise<never>(() => {}) });
  return startService(orders, { uses: { catalog: products, inventory: busy }, principal: "ada" });
}

test("an order keeps the names and prices of the moment, and starts as pending", async () => {
  await using service = await started();
  const { client } = service;
  const items = [
    { sku: "saw-tenon", quantity: 1 },
    { sku: "chisel-12", quantity: 2 },
    { sku: "saw-tenon", quantity: 1 },
  ];
  const { id, status } = await client.place({ items, payment });
  assert.equal(status, "pending");
  assert.deepEqual(await client.get({ id }), {
    id,
    status: "pending",
    total: { amount: 2 * 8_900 + 2 * 2_450, currency: "EUR" },
    items: [
      { sku: "chisel-12", name: "Chisel", quantity: 2, price: chisel.price },
      { sku: "saw-tenon", name: "Saw", quantity: 2, price: saw.price },
    ],
  });
});

test("an order of something that does not exist is refused and leaves nothing", async () => {
  await using service = await started();
  const items = [
    { sku: "hammer", quantity: 1 },
    { sku: "saw-tenon", quantity: 1 },
  ];
  const { error } = await safe(service.client.place({ items, payment }));
  assert.equal(error?.code, "unknownProduct");
  assert.deepEqual(error.data, { skus: ["hammer"] });
  assert.deepEqual(await service.db.selectFrom("orders").selectAll().execute(), []);
});

test("an order belongs to whoever placed it", async () => {
  await using service = await started();
  const { id } = await service.client.place({
    items: [{ sku: "saw-tenon", quantity: 1 }],
    payment,
  });
  const { error } = await safe(service.as("eve").get({ id }));
  assert.equal(error?.code, "notFound");
  await assert.rejects(
    async () => {
      for await (const _ of service.as("eve").watch({ id }));
    },
    { code: "notFound" },
  );
  assert.deepEqual(await service.as("eve").recent({}), { items: [] });
  assert.equal((await service.client.recent({})).items[0]?.id, id);
});

test("an order moves forward only, once, and never out of its end", async () => {
  await using service = await started();
  const { client, db } = service;
  const { id } = await client.place({ items: [{ sku: "saw-tenon", quantity: 1 }], payment });
  const ended: string[] = [];
  const emit = { ended: ({ status }: { status: string }) => void ended.push(status) };
  await assert.rejects(move(db, emit, id, "confirmed"));
  await move(db, emit, id, "reserved");
  await assert.rejects(move(db, emit, id, "reserved"));
  await move(db, emit, id, "rejected", "payment declined");
  assert.equal((await client.get({ id })).reason, "payment declined");
  await assert.rejects(move(db, emit, id, "authorised"));
  assert.deepEqual(ended, ["rejected"]);
});

test("whoever watches an order sees every state once, and the stream ends with the last", async () => {
  await using service = await started();
  const { client, db } = service;
  const { id } = await client.place({ items: [{ sku: "saw-tenon", quantity: 1 }], payment });
  const states: string[] = [];
  const next = { pending: "reserved", reserved: "authorised", authorised: "confirmed" } as const;
  for await (const { status } of client.watch({ id })) {
    states.push(status);
    if (status in next) await move(db, { ended() {} }, id, next[status as keyof typeof next]);
  }
  assert.deepEqual(states, ["pending", "reserved", "authorised", "confirmed"]);
  const rest: number[] = [];
  for await (const { sequence } of client.watch({ id }, { after: "2" })) rest.push(sequence);
  assert.deepEqual(rest, [3, 4]);
});

test("nobody orders without a token", async () => {
  await using service = await startService(orders);
  const order = { items: [{ sku: "saw-tenon", quantity: 1 }], payment };
  await assert.rejects(service.client.place(order), { code: "unauthenticated" });
});
