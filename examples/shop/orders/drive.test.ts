import assert from "node:assert/strict";
import { test } from "node:test";
import { fake, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import { inventory } from "../inventory/contract.ts";
import { payments } from "../payments/contract.ts";
import orders from "./service.ts";

const saw = {
  sku: "saw-tenon",
  name: "Saw",
  description: "Filed crosscut",
  price: { amount: 8_900, currency: "EUR" },
};

/** The order service with everything around it working, and one order placed. */
async function started(method: "card-ok" | "card-declined" = "card-ok") {
  const uses = {
    catalog: fake(catalog, { lookup: { items: [saw] } }),
    inventory: fake(inventory, {
      reserve: { reserved: true },
      release: { released: true },
      ship: { shipped: true },
    }),
    payments: fake(payments, {
      authorise: ({ input }) => ({
        state: input.method === "card-ok" ? "authorised" : "declined",
      }),
      capture: { state: "captured" },
    }),
  };
  const service = await startService(orders, { uses, principal: "ada" });
  const items = [{ sku: saw.sku, quantity: 2 }];
  const { id } = await service.client.place({ items, payment: { method } });
  return {
    ...uses,
    service,
    id,
    [Symbol.asyncDispose]: () => service.stop(),
    drive: () => service.runWorker("drive-orders"),
    /** Until there is nothing to do. */
    async settle() {
      while (await service.runWorker("drive-orders"));
      return service.client.get({ id });
    },
    status: async () => (await service.client.get({ id })).status,
  };
}

test("an order is reserved, paid, shipped and confirmed, a step a run", async () => {
  await using shop = await started();
  const seen = [await shop.status()];
  while (await shop.drive()) seen.push(await shop.status());
  assert.deepEqual(seen, ["pending", "reserved", "authorised", "confirmed"]);
  assert.deepEqual(shop.inventory.calls.reserve[0]?.input, {
    orderId: shop.id,
    lines: [{ sku: "saw-tenon", quantity: 2 }],
  });
  assert.deepEqual(shop.payments.calls.authorise[0]?.input.total, {
    amount: 17_800,
    currency: "EUR",
  });
  assert.equal(shop.payments.calls.capture.length, 1);
  assert.equal(shop.inventory.calls.ship.length, 1);
  assert.equal(shop.inventory.calls.release.length, 0);
});

test("what is out of stock rejects the order, and nobody is charged", async () => {
  await using shop = await started();
  shop.inventory.answer("reserve", ({ errors }) => {
    throw errors.outOfStock({ sku: saw.sku, available: 1 });
  });
  const order = await shop.settle();
  assert.equal(order.status, "rejected");
  assert.equal(order.reason, "out of stock: saw-tenon");
  assert.equal(shop.payments.calls.authorise.length, 0);
});

test("a declined card rejects the order and gives the stock back", async () => {
  await using shop = await started("card-declined");
  const order = await shop.settle();
  assert.equal(order.status, "rejected");
  assert.equal(order.reason, "payment declined");
  assert.deepEqual(shop.inventory.calls.release[0]?.input, { orderId: shop.id });
  assert.equal(shop.payments.calls.capture.length, 0);
});

test("while a service is away the order stays where it is, and goes on when it is back", async () => {
  await using shop = await started();
  shop.inventory.fail("reserve", "unavailable", { times: 1 });
  await assert.rejects(shop.drive(), /1 of 1 open orders/);
  assert.equal(await shop.status(), "pending");
  await shop.drive();
  shop.payments.fail("authorise", "connection_lost", { times: 1 });
  await assert.rejects(shop.drive(), /1 of 1 open orders/);
  assert.equal(await shop.status(), "reserved");
  assert.equal((await shop.settle()).status, "confirmed");
});

test("a run that ended in the middle is taken up, with the same order for every callee", async () => {
  await using shop = await started();
  await shop.drive();
  await shop.drive();
  shop.inventory.fail("ship", "connection_lost", { times: 1 });
  await assert.rejects(shop.drive());
  assert.equal((await shop.settle()).status, "confirmed");
  // Captured twice under one order id, which payments answers alike.
  assert.deepEqual(
    shop.payments.calls.capture.map((call) => call.input.orderId),
    [shop.id, shop.id],
  );
  const states = await shop.service.db.selectFrom("order_states").select("status").execute();
  assert.equal(states.length, 4);
});

test("an order that cannot go on holds no other one up", async () => {
  await using shop = await started();
  const items = [{ sku: saw.sku, quantity: 1 }];
  const other = await shop.service.client.place({ items, payment: { method: "card-ok" } });
  shop.inventory.answer("reserve", ({ input }) => {
    if (input.orderId === shop.id) throw new Error("a bug that this order meets");
    return { reserved: true };
  });
  for (let run = 0; run < 3; run++)
    await assert.rejects(shop.drive(), /a bug that this order meets/);
  assert.equal((await shop.service.client.get({ id: other.id })).status, "confirmed");
  assert.equal(await shop.status(), "pending");
});

test("how an order ended is an event, once", async () => {
  await using shop = await started();
  await shop.settle();
  await shop.settle();
  assert.deepEqual(await shop.service.emitted(), [
    {
      name: "ended",
      key: shop.id,
      payload: { orderId: shop.id, userId: "ada", status: "confirmed" },
    },
  ]);
});
