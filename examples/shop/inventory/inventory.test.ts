import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { startService } from "kerf/testing";
import inventory from "./service.ts";

/** The shop has one of it. */
const sku = "workbench";
const one = [{ sku, quantity: 1 }];

test("what is reserved cannot be ordered, what is released can", async () => {
  await using stock = await startService(inventory);
  const { client } = stock;
  await client.reserve({ orderId: "a", lines: one });
  assert.deepEqual(await client.available({ sku }), { sku, available: 0 });
  assert.deepEqual(await client.release({ orderId: "a" }), { released: true });
  assert.deepEqual(await client.available({ sku }), { sku, available: 1 });
});

test("an order is kept whole or not at all", async () => {
  await using stock = await startService(inventory);
  const { client } = stock;
  const lines = [
    { sku: "chisel-12", quantity: 2 },
    { sku, quantity: 2 },
  ];
  const { error } = await safe(client.reserve({ orderId: "a", lines }));
  assert.equal(error?.code, "outOfStock");
  assert.deepEqual(error.data, { sku, available: 1 });
  assert.equal((await client.available({ sku: "chisel-12" })).available, 10_000);
  assert.deepEqual(await stock.db.selectFrom("reservations").selectAll().execute(), []);
});

test("the same product on two lines counts together", async () => {
  await using stock = await startService(inventory);
  const { error } = await safe(stock.client.reserve({ orderId: "a", lines: [...one, ...one] }));
  assert.equal(error?.code, "outOfStock");
});

test("of many orders at once for the last one, one gets it", async () => {
  await using stock = await startService(inventory);
  const results = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      safe(stock.client.reserve({ orderId: `order-${n}`, lines: one })),
    ),
  );
  assert.equal(results.filter(({ ok }) => ok).length, 1);
  const row = await stock.db
    .selectFrom("stock")
    .select(["on_hand", "reserved"])
    .where("sku", "=", sku)
    .executeTakeFirstOrThrow();
  assert.deepEqual(row, { on_hand: 1, reserved: 1 });
});

test("orders that want the same products in another order do not block each other", async () => {
  await using stock = await startService(inventory);
  const lines = ["saw-tenon", "saw-ryoba", "clamp-f"].map((name) => ({ sku: name, quantity: 1 }));
  await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      stock.client.reserve({
        orderId: `order-${n}`,
        lines: n % 2 === 0 ? lines : lines.toReversed(),
      }),
    ),
  );
  assert.equal((await stock.client.available({ sku: "clamp-f" })).available, 10_000 - 12);
});

test("reserving twice keeps once", async () => {
  await using stock = await startService(inventory);
  const { client } = stock;
  const request = { orderId: "a", lines: [{ sku: "glue-hide", quantity: 5 }] };
  await Promise.all([client.reserve(request), client.reserve(request)]);
  await client.reserve(request);
  assert.equal((await client.available({ sku: "glue-hide" })).available, 9_995);
});

test("a reservation that comes after the release finds it closed", async () => {
  await using stock = await startService(inventory);
  const { client } = stock;
  assert.deepEqual(await client.release({ orderId: "a" }), { released: false });
  const { error } = await safe(client.reserve({ orderId: "a", lines: one }));
  assert.equal(error?.code, "alreadyReleased");
  assert.equal((await client.available({ sku })).available, 1);
});

test("what is shipped leaves the stock once, and cannot be released any more", async () => {
  await using stock = await startService(inventory);
  const { client, db } = stock;
  await client.reserve({ orderId: "a", lines: one });
  assert.deepEqual(await client.ship({ orderId: "a" }), { shipped: true });
  assert.deepEqual(await client.ship({ orderId: "a" }), { shipped: false });
  assert.deepEqual(await client.release({ orderId: "a" }), { released: false });
  const row = await db.selectFrom("stock").selectAll().where("sku", "=", sku).executeTakeFirst();
  assert.deepEqual(row, { sku, on_hand: 0, reserved: 0 });
});

test("the database itself refuses a negative stock", async () => {
  await using stock = await startService(inventory);
  await assert.rejects(
    stock.db.updateTable("stock").set({ reserved: 2 }).where("sku", "=", sku).execute(),
    /stock_check/,
  );
});

test("a product that is not in stock is not found", async () => {
  await using stock = await startService(inventory);
  const { error } = await safe(stock.client.available({ sku: "hammer" }));
  assert.equal(error?.code, "notFound");
});
