import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { eventually, RunningShop } from "./running-shop.ts";
import { openServiceDatabase } from "./service-database.ts";
import { copyShop, type ShopCopy } from "./shop-copy.ts";

interface ToldEvent {
  id: string;
  service: string;
  name: string;
  key: string;
  payload: { status?: string };
}

interface Lag {
  service: string;
  producer: string;
  events: number;
  generation: number;
  building: boolean;
  owners: string[];
  log: { blockedBy: { pid: number } | null };
  model?: { state: string };
}

interface Parked {
  service: string;
  key: string;
  id: string;
  error: string;
  events: number;
}

interface Report {
  compared: number;
  differences: { key: string; repaired: boolean }[];
}

describe("whoever runs the shop looks at it, and mends it", { timeout: 180_000 }, () => {
  let copy: ShopCopy;
  let shop: RunningShop;
  let customer: Customer;

  before(async () => {
    copy = await copyShop();
    shop = await RunningShop.start(["--app", copy.app, "--replicas", "2"]);
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
    await copy?.remove();
  });

  async function kerf<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await shop.kerf(...args, "--json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout) as T;
  }

  async function order(method: string): Promise<string> {
    const items = [{ sku: "oil-linseed", quantity: 1 }];
    const { status, body } = await customer.post("/orders", { items, payment: { method } });
    assert.equal(status, 202);
    return body.id as string;
  }

  async function ended(id: string): Promise<void> {
    await eventually("the order ends", async () => {
      const { status } = (await customer.get(`/orders/${id}`)).body;
      return status === "confirmed" || status === "rejected" ? true : undefined;
    });
  }

  async function lagOf(service: string): Promise<Lag> {
    const [lag] = await kerf<Lag[]>("events", "lag", service);
    assert.ok(lag !== undefined);
    return lag;
  }

  async function edit(path: string, from: string, to: string): Promise<void> {
    const text = await readFile(copy.file(path), "utf8");
    assert.ok(text.includes(from), `${path} has no ${from}`);
    await writeFile(copy.file(path), text.replace(from, to));
  }

  async function messages(orderId: string): Promise<number> {
    const { items } = (await customer.get("/notifications")).body;
    return items.filter((item: { orderId: string }) => item.orderId === orderId).length;
  }

  test("the history of an order is what all services said of it, in its order", async () => {
    const id = await order("card-ok");
    await ended(id);
    const told = await kerf<ToldEvent[]>("events", "history", `order:${id}`);
    assert.deepEqual(
      told.map((event) => `${event.service}.${event.name}`),
      ["inventory.moved", "payments.moved", "orders.ended", "payments.moved", "inventory.moved"],
    );
    assert.ok(told.every((event) => event.key === id));
    assert.equal(told.find(({ name }) => name === "ended")?.payload.status, "confirmed");
    const { code, stdout } = await shop.kerf("events", "tail", "orders", "--json");
    assert.equal(code, 0);
    const lines = stdout.trim().split("\n");
    assert.ok(lines.some((line) => (JSON.parse(line) as ToldEvent).key === id));
  });

  test("lag counts what is not applied yet, and names the process that holds the log back", async () => {
    const client = await openServiceDatabase(shop.home, "orders");
    try {
      await client.query("begin");
      await client.query("create table held (id int)");
      const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
      const id = await order("card-declined");
      await ended(id);
      const { log } = await lagOf("notifications");
      assert.equal(log.blockedBy?.pid, rows[0]?.pid);
      const { stdout } = await shop.kerf("events", "lag", "notifications");
      assert.match(stdout, new RegExp(`process ${rows[0]?.pid} of database orders`));
      assert.equal(await messages(id), 0);
      await client.query("rollback");
      await eventually("it is told", async () => ((await messages(id)) === 1 ? true : undefined));
    } finally {
      await client.end();
    }
    const { owners, events } = await eventually("all is applied", async () => {
      const lag = await lagOf("notifications");
      return lag.events === 0 ? lag : undefined;
    });
    assert.equal(events, 0);
    assert.equal(owners.length, 2, "both copies have a share");
  });

  test("what a handler cannot apply is parked; mended it is resolved, or passed over", async () => {
    const breaking = "if (payload.status === 'confirmed') throw new Error('no ink');";
    const from = "    const kind = `order-";
    const old = await pids();
    await edit("notifications/service.ts", from, `    ${breaking}\n${from}`);
    await eventually("the new code runs", async () => {
      const now = await pids();
      return now.length === 2 && now.every((pid) => !old.includes(pid)) ? true : undefined;
    });
    const [resolved, skipped, fine] = await Promise.all([
      order("card-ok"),
      order("card-ok"),
      order("card-declined"),
    ]);
    await Promise.all([resolved, skipped, fine].map(ended));
    const parked = await eventually(
      "two keys are parked",
      async () => {
        const all = await kerf<Parked[]>("events", "parked", "notifications");
        return all.length === 2 ? all : undefined;
      },
      60_000,
    );
    assert.deepEqual(parked.map(({ key }) => key).sort(), [resolved, skipped].sort());
    assert.ok(parked.every(({ error, events }) => error.includes("no ink") && events === 1));
    await eventually("others are told", async () =>
      (await messages(fine)) === 1 ? true : undefined,
    );

    const still = await shop.kerf("events", "resolve", "notifications", "orders", resolved);
    assert.equal(still.code, 1);
    assert.match(still.stdout, /still fails: .*no ink/);

    const { id } = parked.find(({ key }) => key === skipped) as Parked;
    await kerf("events", "skip", "notifications", "orders", skipped, id, "--note", "told by phone");
    await edit("notifications/service.ts", `    ${breaking}\n`, "");
    await eventually("the mended code resolves it", async () => {
      const { code } = await shop.kerf("events", "resolve", "notifications", "orders", resolved);
      return code === 0 ? true : undefined;
    });
    assert.deepEqual(await kerf<Parked[]>("events", "parked"), []);
    assert.equal(await messages(resolved), 1);
    assert.equal(await messages(skipped), 0);
  });

  test("a read model is built anew while it answers; a consumer goes through the log again when that is meant", async () => {
    const before = await lagOf("search");
    const replayed = await kerf<{ rebuilding: boolean }>("events", "replay", "search", "catalog");
    assert.equal(replayed.rebuilding, true);
    const anew = await eventually("it is built", async () => {
      const { body } = await customer.get("/search?q=saw");
      assert.ok(body.items.length > 0, "it answers meanwhile");
      const lags = await kerf<Lag[]>("events", "lag", "search");
      const [lag] = lags;
      return lags.length === 1 && lag !== undefined && lag.generation > before.generation
        ? lag
        : undefined;
    });
    assert.equal(anew.building, false);

    const refused = await shop.kerf("events", "replay", "notifications", "orders");
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /Say --yes when that is meant/);
  });

  test("schedules are listed; orders and payments are compared, and what differs is said", async () => {
    const [schedule] = await kerf<{ name: string; nextAt: string }[]>("schedule", "ls");
    assert.ok(schedule !== undefined && Date.parse(schedule.nextAt) > Date.now());

    const id = await order("card-ok");
    await ended(id);
    for (const [service, statement] of [
      ["orders", "update order_states set entered_at = entered_at - interval '1 hour'"],
      ["payments", "update payments set changed_at = changed_at - interval '1 hour'"],
    ] as const)
      await inDatabase(service, statement);
    const agree = ["reconcile", "orders", "payments-agree"];
    const [clean] = await kerf<Report[]>(...agree);
    assert.ok(clean !== undefined && clean.compared > 0);
    assert.deepEqual(clean.differences, []);

    await inDatabase(
      "payments",
      `update payments set amount = amount + 1 where order_id = '${id}'`,
    );
    const { code, stdout } = await shop.kerf(...agree, "--repair", "--json");
    assert.equal(code, 1, "another amount is for a person to decide");
    const [report] = JSON.parse(stdout) as Report[];
    assert.deepEqual(
      report?.differences.map(({ key, repaired }) => ({ key, repaired })),
      [{ key: id, repaired: false }],
    );
  });

  /** Processes that are ready in which notifications runs. */
  async function pids(): Promise<number[]> {
    const { units } = await shop.status();
    const instances = units.find(({ name }) => name === "notifications")?.instances ?? [];
    return instances.filter(({ state }) => state === "ready").map(({ pid }) => pid);
  }

  async function inDatabase(service: string, statement: string): Promise<void> {
    const client = await openServiceDatabase(shop.home, service);
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
});
