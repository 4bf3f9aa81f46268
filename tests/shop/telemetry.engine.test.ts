import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { LogRecord, Span, TraceSummary } from "@kerf/control-api";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { eventually, RunningShop, runs } from "./running-shop.ts";

/** What `kerf trace --json` prints. */
interface Shown {
  spans: Span[];
  logs: LogRecord[];
}

describe("traces and logs of the shop, as kerf shows them", { timeout: 240_000 }, () => {
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

  /** The trace of a request that is refused, which its gateway logs. */
  const refused = async (): Promise<string> => {
    const { headers, status } = await customer.post("/orders", { items: [] });
    assert.equal(status, 400);
    return headers.get("x-trace-id") ?? "";
  };
  const order = async (method = "card-ok"): Promise<string> => {
    const items = [{ sku: "rule-steel", quantity: 1 }];
    const placed = await customer.post("/orders", { items, payment: { method } });
    assert.equal(placed.status, 202, JSON.stringify(placed.body));
    return placed.headers.get("x-trace-id") ?? "";
  };
  /** The trace once all of these took part in it. */
  const traceThrough = (id: string, services: readonly string[]): Promise<Shown> =>
    eventually(
      `the trace ${id} goes through ${services.join(", ")}`,
      async () => {
        const { code, stdout } = await shop.kerf("trace", id, "--json");
        if (code !== 0) return undefined;
        const shown = JSON.parse(stdout) as Shown;
        const through = new Set(shown.spans.map(({ service }) => service));
        return services.every((service) => through.has(service)) ? shown : undefined;
      },
      30_000,
    );
  const everyone = ["gateway:web", "orders", "inventory", "payments", "notifications"];
  const storePid = async (): Promise<number> => (await shop.status()).telemetry?.pid ?? 0;

  test("the id of an answer leads to everything that the order led to, lines of logs included", async () => {
    const id = await order();
    const { spans } = await traceThrough(id, everyone);
    const known = new Set(spans.map(({ spanId }) => spanId));
    const roots = spans.filter(({ parentId }) => !known.has(parentId ?? ""));
    assert.deepEqual(
      roots.map(({ name, service }) => [service, name]),
      [["gateway:web", "POST /orders"]],
      "every span hangs below the request",
    );

    const text = await shop.kerf("trace", id.slice(0, 12));
    assert.match(text.stdout, /gateway:web POST \/orders .*█/);
    const found = await shop.kerf("traces", "service:payments", "--json");
    const traces = JSON.parse(found.stdout) as TraceSummary[];
    assert.ok(traces.some(({ traceId }) => traceId === id));

    const refusedId = await refused();
    const shown = await eventually("what was logged of it is there", async () => {
      const { logs, spans: some } = await traceThrough(refusedId, ["gateway:web", "orders"]);
      return logs.length > 0 ? { logs, some } : undefined;
    });
    for (const { attributes, spanId, traceId } of shown.logs) {
      assert.equal(traceId, refusedId);
      assert.equal(attributes["code"], "invalid_input");
      assert.ok(shown.some.some((span) => span.spanId === spanId));
    }

    const unknown = await shop.kerf("trace", "0".repeat(31) + "1", "--json");
    assert.equal((JSON.parse(unknown.stdout) as any).error.code, "not_found");
  });

  test("the read of a log that brought an order's event is a trace of its own, with its position", async () => {
    const id = await order();
    const reads = await eventually("a consumer's read of the log leads to the order", async () => {
      const found = await shop.kerf("traces", 'name:"read orders"', "-n", "20", "--json");
      const traces = found.code === 0 ? (JSON.parse(found.stdout) as TraceSummary[]) : [];
      const spans = await Promise.all(
        traces.map(async ({ traceId }) => {
          const { stdout } = await shop.kerf("trace", traceId, "--json");
          return (JSON.parse(stdout) as Shown).spans;
        }),
      );
      const leading = spans
        .flat()
        .filter(({ links }) =>
          links.some((link) => (link as { traceId?: string } | null)?.traceId === id),
        );
      return leading.length > 0 ? leading : undefined;
    });
    const [read] = reads as [Span, ...Span[]];
    assert.equal(read.parentId, undefined);
    assert.equal(read.attributes["kerf.event.source"], "log");
    assert.match(read.attributes["kerf.event.first"] as string, /^\d+:\d+( \d+:\d+)*$/);
    assert.ok(Number(read.attributes["kerf.event.count"]) >= 1);
    const text = await shop.kerf("trace", read.traceId);
    assert.match(text.stdout, /→ read orders .*█[\s\S]*↔ trace [0-9a-f]{32}/);
  });

  test("lines are followed as they are written", async () => {
    const following = shop.start("logs", "service:gateway:web level:info", "--follow", "-n", "9");
    const id = await refused();
    await following.said(new RegExp(id));
    await following.interrupt();
  });

  test("the store is killed under load: no request fails, it comes back and finds what comes later", async () => {
    const before = await order();
    await traceThrough(before, everyone);
    const pid = await storePid();
    const load = new Load(customer, ["/products?limit=5", "/home", "/orders"]);
    await eventually("the load runs", async () => (load.samples.length > 30 ? true : undefined));
    process.kill(pid, "SIGKILL");
    const next = await eventually("another store runs", async () => {
      const now = (await shop.status()).telemetry;
      return now !== undefined && now.state === "ready" && now.pid !== pid ? now : undefined;
    });
    assert.equal(next.restarts, 1);
    const later = await order();
    await traceThrough(later, everyone);
    const samples = await load.stop();
    assert.deepEqual(
      samples.filter(({ status }) => status !== 200),
      [],
    );
    await traceThrough(before, everyone);
  });

  test("the platform is killed: the store goes on, and the next platform takes it over", async () => {
    const { platform } = await shop.status();
    const pid = await storePid();
    process.kill(platform.pid, "SIGKILL");
    const meanwhile = await order();
    await eventually(
      "another platform runs",
      async () => ((await shop.status()).platform.pid === platform.pid ? undefined : true),
      30_000,
    );
    await traceThrough(meanwhile, everyone);
    assert.equal(await storePid(), pid);

    await shop.stop();
    assert.equal(runs(pid), false, "the store outlived the shop");
  });
});
