import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { eventually, RunningShop, runs } from "./running-shop.ts";

describe("the platform is killed under load", { timeout: 120_000 }, () => {
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

  test("nothing that serves notices, and the next platform takes over what runs", async () => {
    const before = await shop.status();
    const serving = (await shop.pids()).filter((pid) => pid !== before.platform.pid);
    const load = new Load(customer, ["/products?limit=5", "/home", "/orders", "/search?q=saw"]);
    await eventually("the load runs", async () => (load.samples.length > 50 ? true : undefined));
    process.kill(before.platform.pid, "SIGKILL");
    const next = await eventually(
      "a new platform answers",
      async () => {
        const status = await shop.status();
        const ready = status.units.every((unit) =>
          unit.instances.every((instance) => instance.state === "ready"),
        );
        return status.platform.pid !== before.platform.pid &&
          status.units.length === before.units.length &&
          ready
          ? status
          : undefined;
      },
      30_000,
    );
    const samples = await load.stop();
    assert.deepEqual(
      samples.filter((sample) => sample.status !== 200),
      [],
    );
    for (const pid of serving) assert.ok(runs(pid), `process ${pid} ended with the platform`);
    const pids = (status: typeof next): number[] =>
      status.units.flatMap((unit) => unit.instances.map((each) => each.pid)).sort((a, b) => a - b);
    assert.deepEqual(pids(next), pids(before), "the new platform started again what ran already");
    const placed = await customer.post("/orders", {
      items: [{ sku: "rule-steel", quantity: 1 }],
      payment: { method: "card-ok" },
    });
    assert.equal(placed.status, 202);
  });

  test("what it adopted is watched: a unit that is killed afterwards comes back", async () => {
    const unit = (await shop.status()).units.find((each) => each.name === "catalog")?.instances[0];
    process.kill(unit?.pid ?? 0, "SIGKILL");
    await eventually("catalog answers again", async () =>
      (await customer.get("/products?limit=1")).status === 200 ? true : undefined,
    );
    const now = (await shop.status()).units.find((each) => each.name === "catalog")?.instances[0];
    assert.notEqual(now?.pid, unit?.pid);
  });
});
