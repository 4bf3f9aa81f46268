import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { hasPython } from "./python.ts";
import { eventually, RunningShop } from "./running-shop.ts";
import { copyShop, type ShopCopy } from "./shop-copy.ts";

describe("recommendations are down", { timeout: 120_000, skip: !hasPython }, () => {
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
      const screen = await (await onThePhone(shop, customer)).get("/home");
      assert.equal(screen.status, 200);
      assert.deepEqual(screen.body.degraded, ["forYou"]);
      assert.ok(screen.body.featured.length > 0);
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

/** The same customer, at the gateway for phones. */
async function onThePhone(shop: RunningShop, { token }: Customer): Promise<Customer> {
  const { gateways } = await shop.status();
  const url = gateways.find(({ name }) => name === "mobile")?.url;
  assert.ok(url !== undefined && url !== shop.url);
  const phone = new Customer(url);
  phone.token = token;
  return phone;
}

describe("this machine lacks what recommendations are written in", { timeout: 120_000 }, () => {
  let copy: ShopCopy;
  let shop: RunningShop;

  before(async () => {
    copy = await copyShop();
    const declared = copy.file("recommendations/service.ts");
    const source = await readFile(declared, "utf8");
    await writeFile(declared, source.replace('"python3"', '"python-of-tomorrow"'));
    shop = await RunningShop.start(["--app", copy.app, "--no-watch"]);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await copy?.remove();
  });

  test("the shop starts, says what is missing, and its home page lives without it", async () => {
    assert.match(shop.output, /python-of-tomorrow/);
    const { stdout } = await shop.kerf("status");
    assert.match(stdout, /recommendations +stopped/);
    assert.match(stdout, /is a program that this machine lacks: python-of-tomorrow/);
    const customer = await Customer.signedUp(shop.url);
    const { status, body } = await customer.get("/home");
    assert.equal(status, 200);
    assert.deepEqual(body.degraded, ["recommendations"]);
    assert.ok(body.featured.length > 0);
    const screen = await (await onThePhone(shop, customer)).get("/home");
    assert.equal(screen.status, 200);
    assert.deepEqual(screen.body.degraded, ["forYou"]);
  });
});
