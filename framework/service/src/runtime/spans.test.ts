import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Caller, Inbound, PrincipalVerifier, rootContext, StaticDiscovery } from "@kerf/call";
import { command, contract, event, query } from "@kerf/contract";
import { postgres, TemplateDatabases } from "@kerf/data";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { newTrace, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import {
  Metrics,
  Recorder,
  Sampler,
  silentLogger,
  type Span,
  type SpanPlaceOfWork,
  type SpanScope,
} from "@kerf/telemetry";
import { z } from "zod";
import { service } from "../declaration/service.ts";
import { systemSchema } from "../system-schema.ts";
import { closeDatabases, openDatabases } from "./databases.ts";
import { ServiceRuntime } from "./runtime.ts";

const owner = z.object({ owner: z.string() });
const shop = contract("shop", {
  version: "1.0.0",
  operations: {
    order: command({ access: "public", input: owner, output: owner }),
    owners: query({ access: "public", input: z.object({}), output: z.object({ n: z.number() }) }),
  },
  events: { ordered: event({ schema: owner, key: "owner" }) },
});
const bank = contract("bank", {
  version: "1.0.0",
  operations: { charge: command({ access: "service", input: owner, output: owner }) },
});

const migrations = new URL("./fixtures/migrations", import.meta.url);
const database = postgres<{ accounts: { id: number; owner: string } }>({ migrations });
const declared = service(shop, { owner: "test", database, uses: { bank } });

const pay = declared.saga("pay", { version: 1, input: owner }, async (s, input) => {
  await s.local(
    "open",
    ({ raw }) =>
      raw.query("insert into accounts (owner) values ($1)", [`${input.owner} in a saga`]),
    {
      undo: ({ raw }) =>
        raw.query("delete from accounts where owner = $1", [`${input.owner} in a saga`]),
    },
  );
  await s.now("at");
  await s.call("charge", s.clients.bank.charge, input);
  if (input.owner === "poor") throw s.fail("no money");
});

const shopService = declared
  .implement({
    order: async ({ input, raw, emit, start }) => {
      await raw.query("insert into accounts (owner) values ($1)", [input.owner]);
      emit.ordered(input);
      start(pay, input);
      return input;
    },
    owners: async ({ raw }) => ({
      n: (await raw.query("select 'a secret' from accounts")).rowCount!,
    }),
  })
  .worker("count", { everyMs: 60_000, run: async ({ raw }) => void (await raw.query("select 1")) });

const bankService = service(bank, {
  owner: "test",
  database: postgres<{ accounts: { id: number; owner: string } }>({ migrations }),
})
  .implement({ charge: ({ input }) => input })
  .on(shop, {
    ordered: async ({ event: { payload }, raw }) => {
      await raw.query("insert into accounts (owner) values ($1)", [payload.owner]);
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
  const path = fileURLToPath(migrations);
  const clones = await Promise.all([templates.clone("shop", path), templates.clone("bank", path)]);
  const [clock, random, wheel] = [systemClock, systemRandom, new TimerWheel(systemClock)];
  const parts = { clock, random, wheel, log: silentLogger };
  const spans: Span[] = [];
  let came = Promise.withResolvers<void>();
  const recorder = new Recorder({
    ...parts,
    exporter: {
      add(span) {
        spans.push(span);
        came.resolve();
        came = Promise.withResolvers();
      },
      send: () => true,
      stop: () => Promise.resolve(),
    },
  });
  const counts = new Map<string, number>();
  const metrics = new Metrics({
    ...parts,
    exporter: {
      sendMetrics(series) {
        for (const { attributes, instrument, name, service: of } of series)
          if ("count" in instrument)
            counts.set([of, name, ...Object.values(attributes)].join(" "), instrument.count);
      },
    },
  });
  const sampler = new Sampler({ ratio: 1, askedPerSecond: 0, clock, random });
  const places: SpanPlaceOfWork[] = [];
  const scope: SpanScope = {
    isUsed: true,
    run(place, work) {
      places.push(place);
      return work();
    },
  };
  const tracing = { recorder, sampler, metrics, scope };
  const services = [shopService, bankService];
  const boots = Object.fromEntries(
    services.map(({ name }, at) => [name, { ...clones[at]!.app, connections: 4 }]),
  );
  const databases = await openDatabases(services, boots, { instance: "test", clock, tracing });
  const runtime = new ServiceRuntime({ ...parts, services, databases, instance: "test", tracing });
  const inbound = new Inbound({
    ...parts,
    services: runtime.served(),
    checked: true,
    mayCall: () => true,
    principals: new PrincipalVerifier(() => [], { environment: "test", clock }),
    recorder,
    metrics,
  });
  const caller = new Caller({
    ...parts,
    discovery: new StaticDiscovery({}),
    connect: () => assert.fail("everything is in this process"),
    local: inbound,
    checked: true,
    recorder,
    metrics,
  });
  runtime.connect(caller);
  runtime.startWorkers();
  const bind = caller.bind(shop, { caller: "test" });
  return {
    spans,
    /** Where authors' code ran, for instrumentation. */
    places,
    runtime,
    /** What was counted since the last time, by `service metric attributes…`. */
    counted(): ReadonlyMap<string, number> {
      counts.clear();
      metrics.flush();
      return counts;
    },
    client: (sampled: boolean) => {
      const trace = newTrace(sampled);
      const context = rootContext({ clock, wheel, caller: "test", trace });
      return { trace, client: bind(context) };
    },
    /** Resolves with the spans of a trace once they hold. */
    async until(traceId: string, holds: (names: readonly string[]) => boolean): Promise<Span[]> {
      for (;;) {
        const own = spans.filter(({ trace }) => trace.traceId === traceId);
        if (holds(own.map(({ of }) => of.name))) return own;
        await came.promise;
      }
    },
    async end() {
      await runtime.stopWorkers();
      await caller.stop();
      await closeDatabases(databases);
      await Promise.all(clones.map((clone) => clone.drop()));
    },
  };
}

/** The tree below a span: names, each with what is below it, in the order in which they began. */
function treeOf(spans: readonly Span[], parent: string): unknown[] {
  return spans
    .filter(({ trace }) => trace.parentId === parent)
    .toSorted((one, other) => one.startedAt - other.startedAt)
    .map(({ of, trace, attributes = {} }) => {
      const below = treeOf(spans, trace.spanId);
      const code = attributes["error.type"];
      const name = `${of.service}: ${of.name}${code === undefined ? "" : ` ${String(code)}`}`;
      return below.length === 0 ? name : [name, ...below];
    });
}

/** The trees at each side of a fork may have any order in time. */
const sorted = (trees: unknown[]): unknown[] =>
  trees.toSorted((one, other) => (String(one) < String(other) ? -1 : 1));

test("a command is one tree with its statements, its event in the consumer and its saga", async () => {
  const { client, trace } = running.client(true);
  await client.order({ owner: "ada" });
  const spans = await running.until(
    trace.traceId,
    (names) => names.includes("saga pay") && names.includes("process shop.ordered"),
  );
  const [call] = treeOf(spans, trace.spanId) as [unknown[]];
  const [, served] = call as [string, unknown[]];
  const [name, ...below] = served as [string, ...unknown[]];
  assert.equal(name, "shop: shop/order");
  assert.deepEqual(sorted(below), [
    ["bank: receive shop.ordered", ["bank: process shop.ordered", "bank: INSERT accounts"]],
    [
      "shop: saga pay",
      [
        "shop: step pay/open",
        ["shop: transaction", "shop: INSERT accounts", "shop: WITH kerf.saga", "shop: COMMIT"],
      ],
      ["shop: step pay/charge", ["shop: bank/charge", "bank: bank/charge"]],
    ],
    [
      "shop: transaction",
      "shop: SELECT kerf.command_claim",
      "shop: INSERT accounts",
      "shop: INSERT kerf.saga",
      "shop: COMMIT",
    ],
  ]);
  const spanOf = (name: string) => spans.find(({ of }) => of.name === name)?.trace.spanId;
  const placed = running.places.map((place) => [place.service, place.trace.spanId]);
  for (const [service, work] of [
    ["shop", "shop/order"],
    ["shop", "step pay/open"],
    ["bank", "process shop.ordered"],
  ] as const)
    assert.ok(
      placed.some(([of, id]) => of === service && id === spanOf(work)),
      `instrumentation finds ${work}`,
    );
  const handled = spans.find(({ of }) => of.name === "process shop.ordered");
  assert.match(String(handled?.attributes?.["kerf.event.id"]), /^\d+$/);
  assert.equal(typeof handled?.attributes?.["kerf.event.shard"], "number");
});

test("what is undone is seen, and why", async () => {
  const { client, trace } = running.client(true);
  await client.order({ owner: "poor" });
  const spans = await running.until(trace.traceId, (names) => names.includes("saga pay"));
  const saga = spans.find(({ of }) => of.name === "saga pay");
  assert.equal(saga?.attributes?.["kerf.saga.state"], "undone");
  assert.equal(saga?.failed, true);
  const undo = spans.find(({ of }) => of.name === "undo pay/open");
  assert.equal(undo?.trace.parentId, saga?.trace.spanId);
  assert.deepEqual(
    treeOf(spans, undo?.trace.spanId ?? "")
      .flat()
      .slice(0, 2),
    ["shop: transaction", "shop: DELETE accounts"],
  );
});

test("statements are told without values, and fail with PostgreSQL's code", async () => {
  const { client, trace } = running.client(true);
  await client.owners({});
  await client.order({ owner: "twice" });
  await assert.rejects(Promise.resolve(client.order({ owner: "twice" })));
  const spans = await running.until(
    trace.traceId,
    (names) => names.filter((name) => name === "transaction").length >= 2,
  );
  const read = spans.find(({ of }) => of.name === "SELECT accounts");
  assert.equal(read?.of.attributes["db.query.text" as never], "select ? from accounts");
  const failed = spans.filter(({ attributes = {} }) => attributes["error.type"] === "23505");
  assert.deepEqual(
    failed.map(({ of }) => of.name),
    ["INSERT accounts", "transaction"],
  );
  assert.equal(failed[1]?.attributes?.["kerf.transaction"], "rolled back");
});

test("what is counted does not depend on who is traced", async () => {
  await running.client(true).client.owners({});
  running.counted();
  const { client } = running.client(false);
  for (let n = 0; n < 40; n++) await client.owners({});
  await client.order({ owner: "edsger" });
  await assert.rejects(Promise.resolve(client.order({ owner: "edsger" })));
  const traced = running.client(true);
  await traced.client.order({ owner: "barbara" });
  await running.until(
    traced.trace.traceId,
    (names) => names.includes("saga pay") && names.includes("process shop.ordered"),
  );
  const counted = running.counted();
  const of = (...words: string[]): number | undefined => counted.get(words.join(" "));
  assert.equal(of("shop", "kerf.server.duration", "shop", "owners", "test"), 40);
  assert.equal(of("shop", "kerf.server.duration", "shop", "order", "test"), 2);
  assert.equal(of("shop", "kerf.server.duration", "shop", "order", "test", "internal"), 1);
  // The handler of the event inserts; the platform's own statements around it are not counted.
  const ofBank = [...counted.keys()].filter((key) => key.startsWith("bank db.client"));
  assert.deepEqual(
    ofBank.map((key) => key.split(" ").at(-1)),
    ["INSERT"],
  );
  const address = [...counted.keys()].find((key) => key.endsWith(" INSERT 23505"));
  assert.match(address ?? "", /^shop db.client.operation.duration postgresql \S+ (?:unix|tcp):/);
  assert.ok((of("bank", "kerf.server.duration", "bank", "charge", "shop") ?? 0) >= 1);
  assert.ok((of("shop", "kerf.saga.duration", "pay", "completed") ?? 0) >= 1);
  assert.ok((of("shop", "kerf.saga.step.duration", "pay", "charge") ?? 0) >= 1);
});

test("the read that brought an event is a trace of its own, and leads to who emitted it", async () => {
  const { client, trace } = running.client(true);
  await client.order({ owner: "margaret" });
  const spans = await running.until(trace.traceId, (names) =>
    names.includes("process shop.ordered"),
  );
  const handled = spans.find(({ of }) => of.name === "process shop.ordered");
  const { attributes: place = {} } = handled ?? assert.fail();
  // It was recorded before what it brought was handled.
  const read = running.spans.findLast(
    ({ links, of }) =>
      of.name === "read shop" && links?.some(({ traceId }) => traceId === trace.traceId),
  );
  assert.equal(read?.of.service, "bank");
  assert.equal(read?.trace.parentId, undefined);
  assert.notEqual(read?.trace.traceId, trace.traceId);
  const { attributes = {} } = read ?? {};
  assert.equal(attributes["kerf.event.source" as never], "log");
  const at = `${String(place["kerf.event.shard"])}:${String(place["kerf.event.id"])}`;
  assert.ok(
    String(attributes["kerf.event.last" as never])
      .split(" ")
      .includes(at),
  );
  assert.ok((read?.endedAt ?? Infinity) <= (handled?.startedAt ?? 0));
});

test("a run of a worker is a trace of its own", async () => {
  await running.runtime.runWorker("shop", "count");
  const run = running.spans.findLast(({ of }) => of.name === "worker count");
  assert.equal(run?.trace.parentId, undefined);
  const below = running.spans.filter(({ trace }) => trace.parentId === run?.trace.spanId);
  assert.deepEqual(
    below.map(({ of }) => of.name),
    ["SELECT"],
  );
});

test("what nobody records leaves no span", async () => {
  const { client, trace } = running.client(false);
  await client.owners({});
  await client.order({ owner: "grace" });
  assert.ok(running.spans.every((span) => span.trace.traceId !== trace.traceId));
});
