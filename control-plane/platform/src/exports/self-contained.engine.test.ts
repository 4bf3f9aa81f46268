import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import { PlainApp, type PlainProgram } from "./testing/plain-programs.ts";

const appModule = fileURLToPath(new URL("../../../../examples/shop/app.ts", import.meta.url));

describe(
  "the shop without a platform: plain processes, static places, PostgreSQL by URL",
  {
    timeout: 180_000,
  },
  () => {
    let app: PlainApp;
    let url: string;
    let orders: PlainProgram;
    let web: PlainProgram;

    before(async () => {
      const whole = await describeApp(programs.describe, appModule);
      // One cut is enough to see calls, events and sagas go between programs; the program in Python would need python3.
      const services = whole.services.filter(({ program }) => program === undefined);
      const rest = services.map(({ name }) => name).filter((name) => name !== "orders");
      const manifest = { ...whole, services, units: { orders: ["orders"], rest } };
      app = await PlainApp.prepare(appModule, manifest);
      url = `http://127.0.0.1:${app.portsOf("gateway:web").calls}`;
      // All at once, as an orchestrator starts them: each waits for what it needs.
      const [migrations] = await Promise.all([
        app.migrations(),
        app.start("orders").then((started) => (orders = started)),
        app.start("rest"),
        app.start("gateway:web").then((started) => (web = started)),
      ]);
      for (const migration of migrations) assert.equal(await migration.exited, 0, migration.log());
      await until(allReady);
    });
    after(() => app?.end());

    /** Asks once in a while until it is so. */
    async function until(isSo: () => Promise<boolean>): Promise<void> {
      const bound = AbortSignal.timeout(60_000);
      while (!(await isSo().catch(() => false))) {
        for (const { child, log } of [orders, web]) assert.equal(child.exitCode, null, log());
        if (bound.aborted) assert.fail(orders.log() + web.log());
        await setTimeout(100);
      }
    }

    /** As an orchestrator asks: units by their probes, the gateway by its own paths. */
    async function allReady(): Promise<boolean> {
      const probes = ["orders", "rest"].map((unit) => app.portsOf(unit).health);
      const urls = [...probes.map((port) => `http://127.0.0.1:${port}`), url];
      const answers = await Promise.all(urls.map((each) => fetch(`${each}/health/ready`)));
      return answers.every(({ ok }) => ok);
    }

    async function send(path: string, body: unknown, token?: string): Promise<any> {
      const headers = {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const response = await fetch(url + path, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      const answer = await response.json();
      assert.ok(response.ok, `${path} answered ${response.status}: ${JSON.stringify(answer)}`);
      return answer;
    }

    test("an order is placed through the gateway and comes to its end", async () => {
      const account = { email: "ada@example.com", name: "Ada", password: "correct horse" };
      await send("/users", account);
      const { token } = await send("/sessions", account);
      const placed = await send(
        "/orders",
        { items: [{ sku: "saw-dovetail", quantity: 1 }], payment: { method: "card-ok" } },
        token,
      );
      await until(async () => {
        const headers = { authorization: `Bearer ${token}` };
        const answer = await fetch(`${url}/orders/${placed.id}`, { headers });
        const order = (await answer.json()) as { status: string };
        assert.notEqual(order.status, "rejected");
        return order.status === "confirmed";
      });
    });

    test("probes say whether a unit is ready, and strangers are not let in", async () => {
      const { calls, health } = app.portsOf("orders");
      const ready = await fetch(`http://127.0.0.1:${health}/health/ready`);
      assert.deepEqual([ready.status, await ready.json()], [200, { status: "ready" }]);
      await assert.rejects(fetch(`http://127.0.0.1:${calls}/`));
    });

    test("a unit that is told to stop finishes and ends with 0", async () => {
      orders.child.kill("SIGTERM");
      assert.equal(await orders.exited, 0, orders.log());
      web.child.kill("SIGTERM");
      await once(web.child, "exit");
      assert.equal(web.child.exitCode, 0, web.log());
    });
  },
);
