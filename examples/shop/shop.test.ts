import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { startApp } from "kerf/testing";
import { inventory } from "./inventory/contract.ts";
import { mobile } from "./mobile/contract.ts";
import { orders } from "./orders/contract.ts";
import { users } from "./users/contract.ts";
import { web } from "./web/contract.ts";

const folder = mkdtempSync(join(tmpdir(), "kerf-shop-"));
after(() => rmSync(folder, { recursive: true }));

/** A file of keys as `kerf keys create` writes it, with one key of the partner `acme`. */
function partnerKey(file: string): string {
  const key = `kerf_0123456789ab_${"k".repeat(43)}`;
  const sha256 = createHash("sha256").update(key).digest("hex");
  const created = "2026-01-01T00:00:00.000Z";
  const keys = [{ id: "0123456789ab", sha256, subject: "acme", claims: {}, created }];
  writeFileSync(file, JSON.stringify({ version: 1, keys }), { mode: 0o600 });
  return key;
}

// The app reads it when it is loaded.
process.env["SHOP_PARTNER_KEYS"] = join(folder, "partner-keys.json");
const key = partnerKey(process.env["SHOP_PARTNER_KEYS"]);
const { default: app } = await import("./app.ts");

test("a customer orders, through the gateway and all services, and the money and stock follow", async () => {
  await using shop = await startApp(app);
  const ada = { email: "ada@example.com", name: "Ada", password: "correct horse" };
  await shop.http(users).register(ada);
  const { token } = await shop.http(users).signIn(ada);
  const customer = shop.http(orders, { token });
  const { id } = await customer.place({
    items: [{ sku: "saw-tenon", quantity: 2 }],
    payment: { method: "card-ok" },
  });
  const states: string[] = [];
  for await (const { status } of customer.watch({ id })) states.push(status);
  assert.deepEqual(states, ["pending", "reserved", "authorised", "confirmed"]);
  const { available } = await shop.http(inventory).available({ sku: "saw-tenon" });
  assert.equal(available, 9_998);
  const home = await shop.http(web, { token }).home({});
  assert.equal(home.recentOrders[0]?.id, id);
  assert.deepEqual(home.degraded, []);

  // The same order on the phone: a gateway of its own, with its own home and fewer routes.
  const phone = await shop.http(mobile, { token, gateway: "mobile" }).home({});
  assert.deepEqual(phone.lastOrder, { id, status: "confirmed" });
  assert.deepEqual(phone.degraded, []);
  const elsewhere = shop.http(orders, { token, gateway: "mobile" });
  assert.equal((await elsewhere.get({ id })).status, "confirmed");
  await assert.rejects(elsewhere.recent({}), { code: "method_not_allowed" });
  await assert.rejects(
    shop.http(inventory, { gateway: "mobile" }).available({ sku: "saw-tenon" }),
    {
      code: "not_found",
    },
  );

  // A partner's program reads what its key lets it, up to its limit.
  const { id: ordered } = await shop.client(orders, "acme").place({
    items: [{ sku: "saw-tenon", quantity: 1 }],
    payment: { method: "card-ok" },
  });
  const door = shop.urls["partner"] as string;
  const ask = (path: string, credentials?: string, method = "GET"): Promise<Response> =>
    fetch(`${door}${path}`, {
      method,
      headers: credentials === undefined ? {} : { "x-api-key": credentials },
    });
  assert.equal((await ask(`/orders/${ordered}`)).status, 401);
  assert.equal((await ask(`/orders/${ordered}`, key.replace(/k$/, "j"))).status, 401);
  const own = await ask(`/orders/${ordered}`, key);
  assert.equal(own.status, 200);
  assert.equal(((await own.json()) as { id: string }).id, ordered);
  assert.equal((await ask(`/orders/${id}`, key)).status, 404, "Ada's");
  assert.equal((await ask("/products/saw-tenon", key)).status, 200);
  assert.equal((await ask("/orders", key, "POST")).status, 405);
  assert.equal((await ask("/home", key)).status, 404);
  const many = await Promise.all(Array.from({ length: 60 }, () => ask("/products", key)));
  const refused = many.filter(({ status }) => status === 429);
  assert.ok(refused.length > 0 && refused.length < many.length, `${refused.length} were refused`);
  assert.equal(many.find(({ status }) => status !== 429)?.status, 200);
  assert.ok(refused.every(({ headers }) => headers.has("retry-after")));
});
