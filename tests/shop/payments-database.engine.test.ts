import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { postgresServers } from "./postgres-places.ts";
import { eventually, RunningShop } from "./running-shop.ts";

describe("payments' PostgreSQL is killed", { timeout: 120_000 }, () => {
  let shop: RunningShop;
  let customer: Customer;

  before(async () => {
    shop = await RunningShop.start();
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
  });

  test("payments alone stops, comes back by itself, and the order that waited goes through", async () => {
    const others = [
      "/products?limit=5",
      "/inventory/rule-steel",
      "/search?q=saw",
      "/users/me",
      "/orders",
      "/home",
    ];
    const load = new Load(customer, others);
    const { payments } = await postgresServers(shop.home);
    process.kill(payments?.pid ?? 0, "SIGKILL");
    const placed = await customer.post("/orders", {
      items: [{ sku: "clamp-f", quantity: 1 }],
      payment: { method: "card-ok" },
    });
    assert.equal(placed.status, 202);
    const ended = await eventually(
      "the order ends",
      async () => {
        const { body } = await customer.get(`/orders/${placed.body.id}`);
        return ["confirmed", "rejected"].includes(body.status) ? body : undefined;
      },
      30_000,
    );
    assert.equal(ended.status, "confirmed");
    const samples = await load.stop();
    const failed = samples.filter((sample) => sample.status !== 200);
    assert.deepEqual(failed, []);
    assert.ok(samples.length > others.length * 3, `${samples.length} requests`);
    const status = await shop.status();
    assert.notEqual((await postgresServers(shop.home))["payments"]?.pid, payments?.pid);
    assert.ok(status.databases.every((database) => database.state === "ready"));
    const ledger = JSON.parse((await shop.kerf("call", "payments.ledger", "{}", "--json")).stdout);
    assert.equal(
      ledger.accounts.reduce((sum: number, each: { balance: number }) => sum + each.balance, 0),
      0,
    );
  });
});
