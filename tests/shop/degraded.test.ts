import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { eventually, RunningShop } from "./running-shop.ts";

describe("recommendations are down", { timeout: 120_000 }, () => {
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

  test("the home page answers all the same, names what is missing, and is whole again afterwards", async () => {
    const pid =
      (await shop.status()).units.find((unit) => unit.name === "recommendations")?.instances[0]
        ?.pid ?? 0;
    // Stopped, not killed: the worst kind of down, since nothing says so.
    process.kill(pid, "SIGSTOP");
    try {
      const { status, body } = await customer.get("/home");
      assert.equal(status, 200);
      assert.deepEqual(body.degraded, ["recommendations"]);
      assert.deepEqual(body.recommendations, []);
      assert.ok(body.featured.length > 0);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await eventually(
      "the home page is whole",
      async () => {
        const { body } = await customer.get("/home");
        return body.degraded.length === 0 && body.recommendations.length > 0 ? true : undefined;
      },
      30_000,
    );
  });
});
