import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fake, ManualClock, startService } from "kerf/testing";
import { catalog } from "../catalog/contract.ts";
import recommendations from "./service.ts";

// The service is a Python program; startService() starts it.
const skip = spawnSync("python3", ["--version"]).status !== 0 && "needs python3";
if (skip !== false) console.log(`skipped: ${skip}`);

const items = Array.from({ length: 12 }, (_, n) => ({
  sku: `saw-${n}`,
  name: `Saw ${n}`,
  description: "Cuts",
  price: { amount: 100 + n, currency: "EUR" },
}));

test("a customer gets the same products all day, and others the next", { skip }, async () => {
  const clock = new ManualClock();
  await using service = await startService(recommendations, {
    uses: { catalog: fake(catalog, { list: { items } }) },
    clock,
  });
  const ask = async (userId: string): Promise<string[]> =>
    (await service.client.forUser({ userId })).items.map((product) => product.sku);
  const morning = await ask("ada");
  assert.equal(morning.length, 4);
  await clock.advance(12 * 3_600_000);
  assert.deepEqual(await ask("ada"), morning);
  assert.notDeepEqual(await ask("grace"), morning);
  await clock.advance(12 * 3_600_000);
  assert.notDeepEqual(await ask("ada"), morning);
});

test("an empty shop recommends nothing", { skip }, async () => {
  await using service = await startService(recommendations, {
    uses: { catalog: fake(catalog, { list: { items: [] } }) },
  });
  assert.deepEqual(await service.client.forUser({ userId: "ada" }), { items: [] });
});

test("without the catalogue there is no recommendation", { skip }, async () => {
  const products = fake(catalog);
  products.fail("list", "unavailable");
  await using service = await startService(recommendations, { uses: { catalog: products } });
  await assert.rejects(service.client.forUser({ userId: "ada" }), { code: "unavailable" });
});
