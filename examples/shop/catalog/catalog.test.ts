import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { startService } from "kerf/testing";
import catalog from "./service.ts";

test("pages follow each other without gap or repetition, and the last one says so", async () => {
  await using shop = await startService(catalog);
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await shop.client.list(cursor === undefined ? { limit: 7 } : { limit: 7, cursor });
    assert.ok(page.items.length <= 7);
    seen.push(...page.items.map((product) => product.sku));
    cursor = page.next;
  } while (cursor !== undefined);
  const rows = await shop.db.selectFrom("products").select("sku").orderBy("sku").execute();
  assert.deepEqual(
    seen,
    rows.map((row) => row.sku),
  );
});

test("a page that ends with the last product names no next one", async () => {
  await using shop = await startService(catalog);
  await shop.db.deleteFrom("products").where("sku", "not in", ["saw-tenon", "saw-ryoba"]).execute();
  const page = await shop.client.list({ limit: 2 });
  assert.equal(page.items.length, 2);
  assert.equal(page.next, undefined);
});

test("a product is found with its price, or not at all", async () => {
  await using shop = await startService(catalog);
  const product = await shop.client.get({ sku: "rule-steel" });
  assert.deepEqual(product.price, { amount: 1_200, currency: "EUR" });
  const { error } = await safe(shop.client.get({ sku: "hammer" }));
  assert.equal(error?.code, "notFound");
  assert.deepEqual(error.data, { sku: "hammer" });
});

test("looking up leaves out what does not exist", async () => {
  await using shop = await startService(catalog);
  const { items } = await shop.client.lookup({ skus: ["saw-tenon", "hammer", "clamp-f"] });
  assert.deepEqual(
    items.map((product) => product.sku),
    ["clamp-f", "saw-tenon"],
  );
  assert.deepEqual(await shop.client.lookup({ skus: [] }), { items: [] });
});

test("only what the shop wants seen is featured", async () => {
  await using shop = await startService(catalog);
  await shop.db.updateTable("products").set({ featured: false }).execute();
  await shop.db
    .updateTable("products")
    .set({ featured: true })
    .where("sku", "=", "brace-250")
    .execute();
  const { items } = await shop.client.featured({});
  assert.deepEqual(
    items.map((product) => product.sku),
    ["brace-250"],
  );
});
