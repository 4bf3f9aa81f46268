import assert from "node:assert/strict";
import { test } from "node:test";
import { fake, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import { orders } from "../orders/contract.ts";
import { recommendations } from "../recommendations/contract.ts";
import web from "./service.ts";

const saw = {
  sku: "saw-tenon",
  name: "Tenon saw",
  description: "Filed crosscut",
  price: { amount: 8_900, currency: "EUR" },
};
const order = { id: "a", status: "confirmed", total: saw.price } as const;

/** Everything that the page is made of, working. */
function parts() {
  return {
    catalog: fake(catalog, { featured: { items: [saw] } }),
    recommendations: fake(recommendations, { forUser: { items: [saw, saw] } }),
    orders: fake(orders, { recent: { items: [order] } }),
  };
}

test("the page is put together for whoever asks", async () => {
  const uses = parts();
  await using page = await startService(web, { uses, principal: "ada" });
  assert.deepEqual(await page.client.home({}), {
    featured: [saw],
    recommendations: [saw, saw],
    recentOrders: [order],
    degraded: [],
  });
  assert.equal(uses.recommendations.calls.forUser[0]?.input.userId, "ada");
  assert.equal(uses.orders.calls.recent[0]?.principal?.subject, "ada");
});

test("a part that is down is empty and named", async () => {
  const uses = parts();
  uses.recommendations.fail("forUser", "unavailable");
  await using page = await startService(web, { uses, principal: "ada" });
  const home = await page.client.home({});
  assert.deepEqual(home.recommendations, []);
  assert.deepEqual(home.degraded, ["recommendations"]);
  assert.deepEqual(home.recentOrders, [order]);
});

test("a part that is not there at all takes nothing else with it", async () => {
  await using page = await startService(web, { principal: "ada" });
  assert.deepEqual(await page.client.home({}), {
    featured: [],
    recommendations: [],
    recentOrders: [],
    degraded: ["featured", "recommendations", "recentOrders"],
  });
});

test("nobody without a token has a page", async () => {
  await using page = await startService(web, { uses: parts() });
  await assert.rejects(page.client.home({}), { code: "unauthenticated" });
});
