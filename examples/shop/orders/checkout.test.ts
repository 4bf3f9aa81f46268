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

/** The order service with everything around it working. */
async function started() {
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
      void: { voided: true },
    }),
  };
  const service = await startService(orders, { uses, principal: "ada" });
  return {
    ...uses,
    service,
    [Symbol.asyncDispose]: () => service.stop(),
    async place(method: "card-ok" | "card-declined" = "card-ok"): Promise<string> {
      const items = [{ sku: saw.sku, quantity: 2 }];
      return (await service.client.place({ items, payment: { method } })).id;
    },
    /** Every state of the order until its end. */
    async states(id: string): Promise<string[]> {
      const states: string[] = [];
      for await (const { status } of service.client.watch({ id })) states.push(status);
      return states;
    },
    /** Waits for the end of the order's checkout, which is later than the order's own. */
    async ended(): Promise<string> {
      for (;;) {
        const { rows } = await service.raw.query<{ state: string }>("select state from kerf.saga");
        const states = rows.map(({ state }) => state);
        if (states.every((state) => state !== "running" && state !== "undoing"))
          return states.join();
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
  };
}

test("an order is reserved, authorised, confirmed, captured and shipped", async () => {
  await using shop = await started();
  const id = await shop.place();
  assert.deepEqual(await shop.states(id), ["pending", "reserved", "authorised", "confirmed"]);
  assert.equal(await shop.ended(), "completed");
  assert.deepEqual(shop.inventory.calls.reserve[0]?.input, {
    orderId: id,
    lines: [{ sku: "saw-tenon", quantity: 2 }],
  });
  const total = { amount: 17_800, currency: "EUR" };
  assert.deepEqual(shop.payments.calls.authorise[0]?.input.total, total);
  assert.equal(shop.payments.calls.capture.length, 1);
  assert.equal(shop.inventory.calls.ship.length, 1);
  assert.equal(shop.inventory.calls.release.length, 0);
  assert.deepEqual(await shop.service.emitted(), [
    { name: "ended", key: id, payload: { orderId: id, userId: "ada", status: "confirmed" } },
  ]);
});

test("what is out of stock rejects the order: nothing was done that had to be undone", async () => {
  await using shop = await started();
  shop.inventory.answer("reserve", ({ errors }) => {
    throw errors.outOfStock({ sku: saw.sku, available: 1 });
  });
  const id = await shop.place();
  assert.deepEqual(await shop.states(id), ["pending", "rejected"]);
  assert.equal(await shop.ended(), "undone");
  const { reason } = await shop.service.client.get({ id });
  assert.equal(reason, "out of stock: saw-tenon");
  assert.equal(shop.payments.calls.authorise.length, 0);
  assert.equal(shop.inventory.calls.release.length, 0);
});

test("a declined card gives the stock back, and only then the order is rejected", async () => {
  await using shop = await started();
  const id = await shop.place("card-declined");
  assert.deepEqual(await shop.states(id), ["pending", "reserved", "rejected"]);
  assert.equal((await shop.service.client.get({ id })).reason, "payment declined");
  assert.deepEqual(shop.inventory.calls.release[0]?.input, { orderId: id });
  assert.equal(shop.payments.calls.capture.length, 0);
});

test("what does not answer is asked again under one key, and the order goes on", async () => {
  await using shop = await started();
  shop.inventory.fail("reserve", "unavailable", { times: 2 });
  shop.payments.fail("authorise", "connection_lost", { times: 1 });
  shop.inventory.fail("ship", "connection_lost", { times: 1 });
  const id = await shop.place();
  assert.deepEqual(await shop.states(id), ["pending", "reserved", "authorised", "confirmed"]);
  assert.equal(await shop.ended(), "completed");
  const keys = shop.payments.calls.authorise.map((call) => call.idempotencyKey);
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.match(String(keys[0]), /^saga:.*:authorise$/);
});
