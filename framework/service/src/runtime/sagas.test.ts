import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Caller, Inbound, PrincipalVerifier, rootContext, StaticDiscovery } from "@kerf/call";
import { command, contract, event } from "@kerf/contract";
import { postgres, type ServiceDatabase, TemplateDatabases } from "@kerf/data";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { z } from "zod";
import { service } from "../declaration/service.ts";
import { systemSchema } from "../system-schema.ts";
import { closeDatabases, openDatabases } from "./databases.ts";
import { operate } from "./operate.ts";
import { ServiceRuntime } from "./runtime.ts";

const payments = contract("payments", {
  version: "1.0.0",
  operations: {},
  events: {
    settled: event({ schema: z.object({ order: z.string(), cents: z.number() }), key: "order" }),
  },
});

const id = z.object({ id: z.string() });
const shop = contract("shop", {
  version: "1.0.0",
  operations: {
    order: command({ access: "public", input: z.object({ order: z.string() }), output: id }),
    withdraw: command({ access: "public", input: id, output: id }),
  },
});

const declared = service(shop, {
  owner: "test",
  database: postgres<{ accounts: { id: number; owner: string } }>({
    migrations: new URL("./fixtures/migrations", import.meta.url),
  }),
});

const buy = declared.saga(
  "buy",
  {
    version: 1,
    input: z.object({ order: z.string() }),
    waits: [{ producer: payments, events: ["settled"] }],
  },
  async (s, { order }) => {
    await s.local(
      "open",
      ({ raw }) => raw.query("insert into accounts (owner) values ($1)", [order]),
      {
        undo: ({ raw }) => raw.query("delete from accounts where owner = $1", [order]),
      },
    );
    const paid = await s.waitFor("paid", payments, "settled", { key: order, timeoutMs: 60_000 });
    if (paid === undefined) throw s.fail("not paid in time");
    await s.local("close", ({ raw }) =>
      raw.query("update accounts set owner = $1 where owner = $2", [
        `${order}: ${paid.cents}`,
        order,
      ]),
    );
  },
);

const shopService = declared.implement({
  order: async ({ input, start }) => ({ id: start(buy, input) }),
  withdraw: async ({ input, sagas }) => {
    await sagas.cancel(input.id, "withdrawn");
    return input;
  },
});

let postgresServer: TemporaryServer;
let templates: TemplateDatabases;
let running: Awaited<ReturnType<typeof start>>;
before(async () => {
  postgresServer = await startTemporaryServer();
  templates = new TemplateDatabases(postgresServer.server.database, systemSchema);
  running = await start();
});
after(async () => {
  await running.end();
  await templates.close();
  await postgresServer.stop();
});

async function start() {
  const migrations = fileURLToPath(new URL("./fixtures/migrations", import.meta.url));
  const cloned = await templates.clone("shop", migrations);
  const [clock, random, wheel] = [systemClock, systemRandom, new TimerWheel(systemClock)];
  const log = silentLogger;
  const boots = { shop: { ...cloned.app, connections: 4 } };
  const databases = await openDatabases([shopService], boots, { instance: "test", clock });
  const parts = { clock, random, wheel, log };
  const runtime = new ServiceRuntime({
    services: [shopService],
    databases,
    instance: "test",
    ...parts,
  });
  const principals = new PrincipalVerifier(() => [], { environment: "test", clock });
  const inbound = new Inbound({
    services: runtime.served(),
    ...parts,
    checked: true,
    mayCall: () => true,
    principals,
  });
  const caller = new Caller({
    ...parts,
    discovery: new StaticDiscovery({}),
    connect: () => assert.fail("everything is in this process"),
    local: inbound,
    checked: true,
  });
  runtime.connect(caller);
  runtime.startSagas();
  const context = (by = "test") => rootContext({ clock, wheel, caller: by });
  const { raw } = (databases["shop"] as ServiceDatabase).reads({
    deadline: Number.POSITIVE_INFINITY,
  });
  return {
    runtime,
    client: () => caller.bind(shop, { caller: "test" })(context()),
    operate: async (action: string, input: object) => {
      const call = {
        service: "shop",
        operation: operate,
        kind: "command",
        context: context("operator"),
      };
      const answer = await caller.send({ ...call, input: { action, input } } as never);
      return answer as { output?: any; error?: { code: string; why?: string } };
    },
    async until(saga: string, wanted: string): Promise<void> {
      for (;;) {
        const { rows } = await raw.query("select state from kerf.saga where id = $1", [saga]);
        if (rows[0]?.state === wanted) return;
        assert.notEqual(rows[0]?.state, "stuck");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    owners: async () =>
      (await raw.query("select owner from accounts order by owner")).rows.map(({ owner }) => owner),
    async end() {
      await runtime.stopWorkers();
      await caller.stop();
      await closeDatabases(databases);
      await cloned.drop();
    },
  };
}

const settled = (order: string, payload: unknown) => ({
  id: "1",
  shard: 0,
  name: "settled",
  key: order,
  version: 1,
  payload,
  trace: "",
  principal: null,
  at: "2026-11-21T00:00:00Z",
});

test("a saga is given an event that its service follows for it alone, through the contract's schema", async () => {
  assert.deepEqual([...shopService.subscriptions.keys()], ["payments"]);
  const { id: saga } = await running.client().order({ order: "o1" });
  await assert.rejects(
    running.runtime.receive("shop", settled("o1", { order: "o1", cents: "many" }), "payments"),
    { code: "invalid_input" },
  );
  await running.runtime.receive("shop", settled("o1", { order: "o1", cents: 7 }), "payments");
  await running.until(saga, "completed");
  assert.deepEqual(await running.owners(), ["o1: 7"]);
});

test("a command cancels a saga in its own transaction, and operators ask what became of it", async () => {
  const { id: saga } = await running.client().order({ order: "o2" });
  await running.client().withdraw({ id: saga });
  await running.until(saga, "undone");
  assert.equal((await running.owners()).includes("o2"), false);
  const { output } = await running.operate("sagas.show", { id: saga });
  assert.deepEqual(
    output.notes.map(({ by, note }: { by: string; note: string }) => ({ by, note })),
    [{ by: "shop.withdraw", note: "withdrawn" }],
  );
  const refused = await running.operate("sagas.resolve", { id: saga });
  assert.equal(refused.error?.code, "invalid_input");
  const listed = await running.operate("sagas.list", { all: true });
  assert.ok(listed.output.some((each: { id: string }) => each.id === saga));
});

test("a command that does nothing but start a saga starts one for each key", async () => {
  const order = { order: "a-10" };
  const client = running.client() as unknown as {
    order(input: object, options: { idempotencyKey: string }): Promise<{ id: string }>;
  };
  const [one, two] = await Promise.all([
    client.order(order, { idempotencyKey: "key-10" }),
    client.order(order, { idempotencyKey: "key-10" }),
  ]);
  const three = await client.order(order, { idempotencyKey: "key-10" });
  const other = await client.order(order, { idempotencyKey: "key-11" });
  assert.deepEqual([two, three], [one, one]);
  assert.notEqual(other.id, one.id);
});
