import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { hasPython } from "./python.ts";
import { eventually, RunningShop } from "./running-shop.ts";

interface Order {
  id: string;
  status: string;
  total: { amount: number; currency: string };
  items: { sku: string; quantity: number }[];
  reason?: string;
}

/** A shop that runs, as far as these scenarios need it. */
export type Shop = Pick<RunningShop, "home" | "kerf" | "remove" | "status" | "stop" | "url">;

/** Copies of each unit: what holds for the shop has to hold with any number of them. */
const copies = 2;

/** What a copy of a unit is in: the one in Python is held back where there is none. */
const expected = (unit: string): string =>
  unit === "recommendations" && !hasPython ? "stopped" : "ready";

/** The shop through its gateway, as clients meet it: the same for every placement, and with each unit in two copies. */
export function endToEnd<Running extends Shop = RunningShop>(
  placement: string,
  args: readonly string[],
  units: Record<string, string[]>,
  /** What must hold after all of it, with its name. */
  afterwards: Readonly<Record<string, (shop: Running) => Promise<void>>> = {},
  /** How it is started: as a user of `kerf dev` does, where nothing else is said. */
  start: (args: readonly string[]) => Promise<Shop> = (given) => RunningShop.start(given),
): void {
  describe(`the shop, ${placement}`, { timeout: 240_000 }, () => {
    let shop: Shop;
    let customer: Customer;
    const anonymous = (): Customer => new Customer(shop.url);

    before(async () => {
      shop = await start([...args, "--replicas", String(copies)]);
      customer = await Customer.signedUp(shop.url);
    });
    after(async () => {
      await shop?.stop();
      await shop?.remove();
    });

    async function available(sku: string): Promise<number> {
      return (await anonymous().get<{ available: number }>(`/inventory/${sku}`)).body.available;
    }

    async function order(
      items: { sku: string; quantity: number }[],
      method = "card-ok",
    ): Promise<Order> {
      const placed = await customer.post<Order>("/orders", { items, payment: { method } });
      assert.equal(placed.status, 202, JSON.stringify(placed.body));
      assert.deepEqual(Object.keys(placed.body).sort(), ["id", "status"]);
      assert.equal(placed.body.status, "pending");
      return eventually("the order ends", async () => {
        const { body } = await customer.get<Order>(`/orders/${placed.body.id}`);
        return body.status === "confirmed" || body.status === "rejected" ? body : undefined;
      });
    }

    test("services run where they were placed", async () => {
      const status = await shop.status();
      assert.equal(status.app, "shop");
      const placed = Object.fromEntries(
        status.units.map((unit) => [unit.name, [...unit.services].sort()]),
      );
      assert.deepEqual(placed, units);
      for (const unit of status.units)
        assert.deepEqual(
          unit.instances.map((instance) => instance.state),
          Array.from({ length: copies }, () => expected(unit.name)),
          unit.name,
        );
      const urls = new Map(status.gateways.map(({ name, url }) => [name, url]));
      assert.deepEqual([...urls.keys()].sort(), ["mobile", "partner", "web"]);
      assert.equal(urls.get("web"), shop.url);
    });

    test("the gateway says that it is well", async () => {
      const { status, body } = await anonymous().get("/health");
      assert.equal(status, 200);
      assert.equal(body.status, hasPython ? "ok" : "degraded");
    });

    test("accounts: one for each address, and a token for the right password only", async () => {
      const email = `E2E.${Date.now()}@Example.com`;
      const registered = await anonymous().post("/users", {
        email,
        name: "Grace",
        password: "correct horse",
      });
      assert.equal(registered.status, 201);
      assert.deepEqual(Object.keys(registered.body).sort(), ["email", "id", "name"]);
      assert.equal(registered.body.email, email.toLowerCase());
      const again = await anonymous().post("/users", {
        email,
        name: "Grace",
        password: "correct horse",
      });
      assert.equal(again.status, 409);
      assert.equal(again.body.code, "emailTaken");
      for (const password of ["wrong horse", ""]) {
        const refused = await anonymous().post("/sessions", { email, password });
        assert.equal(refused.status, 401);
        assert.equal(refused.body.code, "wrongCredentials");
      }
      const session = await anonymous().post("/sessions", { email, password: "correct horse" });
      assert.equal(session.status, 201);
      const me = await anonymous().get("/users/me", {
        authorization: `Bearer ${session.body.token}`,
      });
      assert.equal(me.status, 200);
      assert.equal(me.body.name, "Grace");
    });

    test("products come a page at a time, every one of them once", async () => {
      const seen: string[] = [];
      let path = "/products?limit=10";
      for (;;) {
        const { status, body } = await anonymous().get(path);
        assert.equal(status, 200);
        for (const item of body.items) {
          assert.ok(Number.isInteger(item.price.amount) && item.price.currency === "EUR");
          seen.push(item.sku);
        }
        if (body.next === undefined) break;
        assert.equal(body.items.length, 10);
        path = `/products?limit=10&cursor=${encodeURIComponent(body.next)}`;
      }
      assert.equal(new Set(seen).size, seen.length);
      assert.deepEqual(seen, [...seen].sort());
      assert.ok(seen.length >= 20);
      assert.equal((await anonymous().get("/products/saw-dovetail")).body.name, "Dovetail saw");
      const missing = await anonymous().get("/products/saw-none");
      assert.equal(missing.status, 404);
      assert.equal(missing.body.code, "notFound");
      assert.deepEqual(missing.body.data, { sku: "saw-none" });
    });

    test("search finds what the catalogue has", async () => {
      const found = await eventually("the index is filled", async () => {
        const { body } = await anonymous().get("/search?q=thinnest%20kerf");
        return body.items.length > 0 ? body.items : undefined;
      });
      assert.deepEqual(
        found.map((item: { sku: string }) => item.sku),
        ["saw-dovetail"],
      );
      assert.deepEqual((await anonymous().get("/search?q=nosuchword")).body.items, []);
    });

    test("an order that is paid is confirmed, and its goods leave the stock", async () => {
      const before = await available("gauge-marking");
      const done = await order([
        { sku: "gauge-marking", quantity: 2 },
        { sku: "rule-steel", quantity: 1 },
      ]);
      assert.equal(done.status, "confirmed");
      assert.deepEqual(done.total, { amount: 2 * 3600 + 1200, currency: "EUR" });
      assert.equal(await available("gauge-marking"), before - 2);
      const inbox = await eventually("the customer is told", async () => {
        const { body } = await customer.get("/notifications");
        return body.items.find((message: { orderId: string }) => message.orderId === done.id);
      });
      assert.equal(inbox.kind, "order-confirmed");
    });

    test("a declined payment rejects the order and gives the goods back", async () => {
      const before = await available("spokeshave");
      const done = await order([{ sku: "spokeshave", quantity: 3 }], "card-declined");
      assert.equal(done.status, "rejected");
      assert.equal(done.reason, "payment declined");
      assert.equal(await available("spokeshave"), before);
    });

    test("what is not in stock rejects the order, keeps nothing and charges nothing", async () => {
      const before = await available("mallet-beech");
      const done = await order([
        { sku: "mallet-beech", quantity: 1 },
        { sku: "workbench", quantity: 2 },
      ]);
      assert.equal(done.status, "rejected");
      assert.equal(done.reason, "out of stock: workbench");
      assert.equal(await available("mallet-beech"), before);
      const payment = await shop.kerf(
        "call",
        "payments.get",
        JSON.stringify({ orderId: done.id }),
        "--json",
      );
      assert.equal(payment.code, 1);
      assert.match(payment.stderr + payment.stdout, /noPayment/);
    });

    test("an order that is sent again under its key is one order", async () => {
      const body = {
        items: [{ sku: "oil-linseed", quantity: 1 }],
        payment: { method: "card-ok" },
      };
      const key = { "idempotency-key": randomUUID() };
      const answers = await Promise.all(
        Array.from({ length: 5 }, () => customer.post("/orders", body, key)),
      );
      const placed = answers.filter(({ status }) => status === 202);
      assert.ok(placed.length > 0);
      assert.equal(new Set(placed.map((answer) => answer.body.id)).size, 1);
      // Those that came while it was being placed are told so.
      for (const { status } of answers) assert.ok(status === 202 || status === 409, String(status));
      assert.deepEqual((await customer.post("/orders", body, key)).body, placed[0]?.body);
      const other = await customer.post(
        "/orders",
        { ...body, payment: { method: "card-declined" } },
        key,
      );
      assert.equal(other.status, 422);
      assert.equal(other.body.code, "key_reused");
      const bad = await customer.post("/orders", body, { "idempotency-key": "a b" });
      assert.equal(bad.status, 400);
    });

    test("one bench, many customers: it is sold once", async () => {
      const orders = await Promise.all(
        Array.from({ length: 6 }, () => order([{ sku: "workbench", quantity: 1 }])),
      );
      assert.equal(orders.filter((each) => each.status === "confirmed").length, 1);
      assert.equal(orders.filter((each) => each.reason === "out of stock: workbench").length, 5);
      assert.equal(await available("workbench"), 0);
    });

    test("the ledger balances", async () => {
      await order([{ sku: "oil-linseed", quantity: 1 }]);
      const accounts = await eventually("the money is taken", async () => {
        const { code, stdout } = await shop.kerf("call", "payments.ledger", "{}", "--json");
        assert.equal(code, 0);
        const found = (JSON.parse(stdout) as { accounts: { account: string; balance: number }[] })
          .accounts;
        return found.some(({ account, balance }) => account === "sales" && balance >= 1100)
          ? found
          : undefined;
      });
      assert.equal(
        accounts.reduce((sum, each) => sum + each.balance, 0),
        0,
      );
    });

    test("an order is watched through all of its states, and resumed after one of them", async () => {
      const placed = await customer.post<Order>("/orders", {
        items: [{ sku: "glue-hide", quantity: 1 }],
        payment: { method: "card-ok" },
      });
      const path = `/orders/${placed.body.id}/stream`;
      const states: { id?: string; data: { status: string } }[] = [];
      for await (const event of customer.events(path)) states.push(event);
      assert.deepEqual(
        states.map((event) => event.data.status),
        ["pending", "reserved", "authorised", "confirmed"],
      );
      const rest: string[] = [];
      for await (const event of customer.events(path, { "last-event-id": states[1]?.id ?? "" }))
        rest.push(event.data.status);
      assert.deepEqual(rest, ["authorised", "confirmed"]);
    });

    test("nobody sees another's orders", async () => {
      const mine = await order([{ sku: "knife-marking", quantity: 1 }]);
      const stranger = await Customer.signedUp(shop.url);
      const peek = await stranger.get(`/orders/${mine.id}`);
      assert.equal(peek.status, 404);
      assert.equal((await anonymous().get(`/orders/${mine.id}`)).status, 401);
      await assert.rejects(async () => {
        for await (const _ of stranger.events(`/orders/${mine.id}/stream`))
          assert.fail("saw an event");
      }, /404/);
    });

    test("the home page has all of its parts", async () => {
      const body = await whole(customer, hasPython ? [] : ["recommendations"]);
      assert.ok(body.featured.length > 0 && body.recentOrders.length > 0);
      assert.equal(body.recommendations.length > 0, hasPython);
      assert.equal((await anonymous().get("/home")).status, 401);
    });

    test("phones have a gateway of their own, with a smaller home and fewer routes", async () => {
      const { gateways } = await shop.status();
      const phone = new Customer(gateways.find(({ name }) => name === "mobile")?.url ?? "");
      phone.token = customer.token;
      const body = await whole(phone, hasPython ? [] : ["forYou"]);
      assert.ok(body.featured.length > 0 && body.lastOrder !== undefined);
      assert.equal("description" in body.featured[0], false);
      assert.equal((await phone.get("/inventory/saw-tenon")).status, 404);
    });

    test("bad input is answered clearly and changes nothing", async () => {
      const json = { "content-type": "application/json" };
      const cases: [
        string,
        () => Promise<{ status: number; body: any; headers: Headers }>,
        number,
        string,
      ][] = [
        ["not JSON", () => customer.raw("POST", "/orders", "{items", json), 400, "invalid_input"],
        [
          "not the right fields",
          () =>
            customer.post("/orders", {
              items: [{ sku: "x", quantity: 0 }],
              payment: { method: "cash" },
            }),
          400,
          "invalid_input",
        ],
        ["not a number", () => anonymous().get("/products?limit=many"), 400, "invalid_input"],
        [
          "no product",
          () =>
            customer.post("/orders", {
              items: [{ sku: "nothing", quantity: 1 }],
              payment: { method: "card-ok" },
            }),
          422,
          "unknownProduct",
        ],
        ["no token", () => anonymous().get("/users/me"), 401, "unauthenticated"],
        [
          "a forged token",
          () =>
            anonymous().get("/users/me", {
              authorization: `Bearer ${customer.token?.slice(0, -4)}AAAA`,
            }),
          401,
          "unauthenticated",
        ],
        ["no route", () => anonymous().get("/nothing/here"), 404, "not_found"],
        [
          "no route for internal operations",
          () => customer.post("/payments/authorise", {}),
          404,
          "not_found",
        ],
        [
          "the wrong method",
          () => anonymous().raw("DELETE", "/products", undefined, {}),
          405,
          "method_not_allowed",
        ],
        [
          "too large",
          () => customer.post("/orders", { pad: "x".repeat(1_100_000) }),
          413,
          "payload_too_large",
        ],
        [
          "not JSON by its type",
          () => customer.raw("POST", "/orders", "<a/>", { "content-type": "text/xml" }),
          415,
          "unsupported_media_type",
        ],
      ];
      const before = (await customer.get("/orders?limit=50")).body.items.length;
      for (const [name, send, status, code] of cases) {
        const answer = await send();
        assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
        assert.equal(answer.body.code, code, name);
        assert.match(answer.headers.get("content-type") ?? "", /application\/problem\+json/, name);
        assert.match(answer.body.traceId, /^[0-9a-f]{32}$/, name);
      }
      const fields = (
        await customer.post("/orders", {
          items: [{ sku: "x", quantity: 0 }],
          payment: { method: "cash" },
        })
      ).body.errors;
      assert.deepEqual(fields.map((field: { path: string }) => field.path).sort(), [
        "items.0.quantity",
        "payment.method",
      ]);
      assert.equal((await customer.get("/orders?limit=50")).body.items.length, before);
    });

    for (const [name, holds] of Object.entries(afterwards))
      test(name, () => holds(shop as Running));
  });
}

/** A home in which nothing else is missing: a part that is late is left out, and on a busy machine any may be. */
function whole(client: Customer, missing: readonly string[]): Promise<any> {
  return eventually(`a home that lacks ${missing.join() || "nothing"}`, async () => {
    const { status, body } = await client.get("/home");
    assert.equal(status, 200);
    return body.degraded.join() === missing.join() ? body : undefined;
  });
}
