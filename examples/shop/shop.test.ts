import assert from "node:assert/strict";
import { test } from "node:test";
import { startApp } from "kerf/testing";
import app from "./app.ts";
import { inventory } from "./inventory/contract.ts";
import { mobile } from "./mobile/contract.ts";
import { orders } from "./orders/contract.ts";
import { users } from "./users/contract.ts";
import { web } from "./web/contract.ts";

test("a customer orders, through the gateway and all services, and the money and stock follow", async () => {
  await using shop = await startApp(app);
  const ada = { email: "ada@example.com", name: "Ada", password: "correct horse" };
  await shop.http(users).register(ada);
  const { token } = await shop.http(users).signIn(ada);
  const customer = shop.http(orders, { token });
  const { id } = await customer.place({
    items: [{ sku: "saw-tenon", quantity: 2 }],
    payment: { method: "card-ok" },
  });
  const states: string[] = [];
  for await (const { status } of customer.watch({ id })) states.push(status);
  assert.deepEqual(states, ["pending", "reserved", "authorised", "confirmed"]);
  const { available } = await shop.http(inventory).available({ sku: "saw-tenon" });
  assert.equal(available, 9_998);
  const home = await shop.http(web, { token }).home({});
  assert.equal(home.recentOrders[0]?.id, id);
  assert.deepEqual(home.degraded, []);

  // The same order on the phone: a gateway of its own, with its own home and fewer routes.
  const phone = await shop.http(mobile, { token, gateway: "mobile" }).home({});
  assert.deepEqual(phone.lastOrder, { id, status: "confirmed" });
  assert.deepEqual(phone.degraded, []);
  const elsewhere = shop.http(orders, { token, gateway: "mobile" });
  assert.equal((await elsewhere.get({ id })).status, "confirmed");
  await assert.rejects(elsewhere.recent({}), { code: "method_not_allowed" });
  await assert.rejects(
    shop.http(inventory, { gateway: "mobile" }).available({ sku: "saw-tenon" }),
    {
      code: "not_found",
    },
  );
});
