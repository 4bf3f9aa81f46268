import assert from "node:assert/strict";
import { test } from "node:test";
import { fake, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import { orders } from "../orders/contract.ts";
import { recommendations } from "../recommendations/contract.ts";
import mobile from "./service.ts";

const saw = {
  sku: "saw-tenon",
  name: "Tenon saw",
  description: "Filed crosscut",
  price: { amount: 8_900, currency: "EUR" },
};
const { description: _, ...tile } = saw;
const order = { id: "a", status: "confirmed", total: saw.price } as const;

function parts() {
  return {
    catalog: fake(catalog, { featured: { items: [saw] } }),
    recommendations: fake(recommendations, { forUser: { items: [saw, saw] } }),
    orders: fake(orders, { recent: { items: [order] } }),
  };
}

test("the screen is small: three in a row at most, without what only a page has room for", async () => {
  const uses = parts();
  await using screen = await startService(mobile, { uses, principal: "ada" });
  assert.deepEqual(await screen.client.home({}), {
    featured: [tile],
    forYou: [tile, tile],
    lastOrder: { id: "a", status: "confirmed" },
    degraded: [],
  });
  assert.equal(uses.catalog.calls.featured[0]?.input.limit, 3);
  assert.deepEqual(uses.recommendations.calls.forUser[0]?.input, { userId: "ada", limit: 3 });
  assert.equal(uses.orders.calls.recent[0]?.principal?.subject, "ada");
});

test("a part that hangs is missing after its own time, one that is down at once, and both are named", async () => {
  const uses = parts();
  uses.recommendations.hang("forUser");
  uses.orders.fail("recent", "unavailable");
  await using screen = await startService(mobile, { uses, principal: "ada" });
  assert.deepEqual(await screen.client.home({}), {
    featured: [tile],
    forYou: [],
    degraded: ["forYou", "lastOrder"],
  });
});

test("who has ordered nothing has no last order, and nothing is degraded", async () => {
  const uses = parts();
  uses.orders.answer("recent", { items: [] });
  await using screen = await startService(mobile, { uses, principal: "ada" });
  const home = await screen.client.home({});
  assert.equal(home.lastOrder, undefined);
  assert.deepEqual(home.degraded, []);
});
