import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { hasPython } from "./python.ts";
import { eventually, runKerf, RunningShop } from "./running-shop.ts";
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

  test("a program of one's own takes the place of what is missing, for as long as it is wanted", async () => {
    const program = copy.file("by-hand.mjs");
    await writeFile(program, byHand);
    const customer = await Customer.signedUp(shop.url);
    const sidecar = shop.start("sidecar", "--service", "recommendations", "--", "node", program);
    await sidecar.said(/serves recommendations now/);
    const home = await eventually("the home page has what it says", async () => {
      const { body } = await customer.get("/home");
      return body.degraded.length === 0 ? body : undefined;
    });
    assert.deepEqual(
      home.recommendations.map(({ sku }: { sku: string }) => sku),
      ["by-hand"],
    );
    const unit = async () =>
      (await shop.status()).units.find(({ name }) => name === "recommendations")?.instances[0];
    assert.equal((await unit())?.state, "ready");

    const second = await shop.kerf(
      "sidecar",
      "--service",
      "recommendations",
      "--",
      "node",
      program,
    );
    assert.match(second.stderr, /A program is attached to recommendations already/);

    const { code } = await sidecar.interrupt();
    assert.equal(code, 130);
    assert.match((await shop.kerf("logs", "recommendations")).stdout, /the last call has ended/);
    assert.equal((await unit())?.state, "stopped");
    assert.deepEqual((await customer.get("/home")).body.degraded, ["recommendations"]);
  });

  test("what cannot be attached is told, with what to do", async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await shop.kerf("sidecar", "--service", ...args);
      assert.notEqual(code, 0);
      return stderr;
    };
    const [unknown, typescript, missing, ends] = await Promise.all([
      refused("nobody", "--", "node"),
      refused("orders", "--", "node"),
      refused("recommendations", "--", "not-there"),
      refused("recommendations", "--", "node", "-e", "process.exit(3)"),
    ]);
    assert.match(unknown, /There is no service "nobody"/);
    assert.match(typescript, /Give one of: recommendations/);
    assert.match(missing, /There is no program not-there/);
    assert.match(ends, /ended: exit code 3/);
    const nowhere = await runKerf(copy.file("."), ["sidecar", "--service", "a", "--", "node"]);
    assert.equal(nowhere.code, 69);
    assert.match(nowhere.stderr, /kerf dev/);
  });
});

/** A program that knows one product, and tells when it has been asked to end. */
const byHand = `
import { createServer } from "node:http";
const price = { amount: 1, currency: "EUR" };
const items = [{ sku: "by-hand", name: "By hand", description: "", price }];
const server = createServer((request, response) => {
  request.resume();
  response.setHeader("content-type", "application/json").end(JSON.stringify({ items }));
});
server.listen(process.env.PORT, "127.0.0.1");
process.on("SIGTERM", () => {
  console.log("the last call has ended");
  process.exit(0);
});
`;
