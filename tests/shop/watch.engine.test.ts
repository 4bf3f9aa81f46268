import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { eventually, RunningShop, type ShopStatus } from "./running-shop.ts";
import { copyShop, type ShopCopy } from "./shop-copy.ts";

describe("kerf dev watches", { timeout: 180_000 }, () => {
  let copy: ShopCopy;
  let shop: RunningShop;
  let customer: Customer;

  before(async () => {
    copy = await copyShop();
    shop = await RunningShop.start(["--app", copy.app]);
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await copy?.remove();
  });

  const pidsOf = (status: ShopStatus): Record<string, number> =>
    Object.fromEntries(status.units.map((unit) => [unit.name, unit.instances[0]?.pid ?? 0]));

  async function edit(path: string, from: string, to: string): Promise<void> {
    const text = await readFile(copy.file(path), "utf8");
    assert.ok(text.includes(from), `${path} has no ${from}`);
    await writeFile(copy.file(path), text.replace(from, to));
  }

  test("a change restarts the unit that contains it and no other, and no request fails meanwhile", async () => {
    const before = pidsOf(await shop.status());
    const load = new Load(customer, ["/products?limit=2", "/search?q=saw", "/home"]);
    await edit("catalog/service.ts", "name: row.name,", "name: `${row.name}!`,");
    const changed = await eventually("the new code answers", async () => {
      const { body } = await customer.get("/products/saw-dovetail");
      return body.name === "Dovetail saw!" ? load.now() : undefined;
    });
    const samples = await load.stop();
    assert.ok(changed > 0);
    assert.deepEqual(
      samples.filter((sample) => sample.status !== 200),
      [],
    );
    const after = await eventually("the old instance is gone", async () => {
      const status = await shop.status();
      return status.units.every((unit) => unit.instances.length === 1) ? pidsOf(status) : undefined;
    });
    assert.notEqual(after["catalog"], before["catalog"]);
    assert.deepEqual({ ...after, catalog: 0 }, { ...before, catalog: 0 });
  });

  test("code that does not start is reported, and what ran goes on", async () => {
    await edit(
      "inventory/service.ts",
      "inventoryService.implement({",
      "throw new Error('not today');\ninventoryService.implement({",
    );
    const log = await eventually("the failure is said", async () =>
      shop.output.includes("not today") ? shop.output : undefined,
    );
    assert.match(log, /inventory/);
    assert.equal((await customer.get("/inventory/rule-steel")).status, 200);
    await edit("inventory/service.ts", "throw new Error('not today');\n", "");
  });

  test("a new route of a contract is served without a restart of the gateway", async () => {
    const gateway = (await shop.status()).gateways[0]?.pid;
    await edit("catalog/contract.ts", `http: "GET /products/{sku}"`, `http: "GET /goods/{sku}"`);
    await eventually("the new route answers", async () =>
      (await customer.get("/goods/saw-dovetail")).status === 200 ? true : undefined,
    );
    assert.equal((await customer.get("/products/saw-dovetail")).status, 404);
    assert.equal(typeof gateway, "number");
  });
});
