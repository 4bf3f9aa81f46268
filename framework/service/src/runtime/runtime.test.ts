import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Caller, Inbound, PrincipalVerifier, rootContext, StaticDiscovery } from "@kerf/call";
import { command, contract, error, query, safe, stream } from "@kerf/contract";
import { type Generated, postgres, ServiceDatabase, TemplateDatabases } from "@kerf/data";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { type CallContext, KerfError, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { Logger } from "@kerf/telemetry";
import { z } from "zod";
import { service } from "../declaration/service.ts";
import { closeDatabases, openDatabases, rehearse, warmUp } from "./databases.ts";
import { ServiceRuntime } from "./runtime.ts";
import { systemSchema } from "../system-schema.ts";

const audit = contract("audit", {
  version: "1.0.0",
  operations: {
    note: command({
      access: "service",
      input: z.object({ what: z.string() }),
      output: z.object({ noted: z.number() }),
    }),
  },
});

const endings = [
  "commit",
  "declared",
  "invalid",
  "crash",
  "call",
  "call-first",
  "wait",
  "raw",
] as const;

const accounts = contract("accounts", {
  version: "1.0.0",
  operations: {
    open: command({
      access: "public",
      input: z.object({ owner: z.string(), ending: z.enum(endings) }),
      output: z.object({ id: z.number() }),
      errors: { refused: error({ data: z.object({ owner: z.string() }) }) },
    }),
    owners: query({
      access: "public",
      input: z.object({}),
      output: z.object({ owners: z.array(z.string()) }),
    }),
    change: query({ access: "public", input: z.object({}), output: z.object({}) }),
    each: stream({
      access: "public",
      input: z.object({}),
      output: z.object({ owner: z.string() }),
    }),
  },
});

interface Tables {
  accounts: { id: Generated<number>; owner: string };
}

const migrations = new URL("./fixtures/migrations", import.meta.url);
/** Told by the handler that waits, once its transaction is open. */
let waiting = Promise.withResolvers<CallContext>();

const accountsService = service(accounts, {
  owner: "test",
  database: postgres<Tables>({ migrations }),
  uses: { audit },
}).implement({
  async open({ input: { owner, ending }, db, raw, clients, errors, signal, context }) {
    if (ending === "call-first") await clients.audit.note({ what: owner });
    assert.equal(context.transactionOpen, false);
    if (ending === "raw") {
      const { rows } = await raw.query<{ id: number }>(
        "insert into accounts (owner) values ($1) returning id",
        [owner],
      );
      return { id: Number(rows[0]?.id) };
    }
    const { id } = await db
      .insertInto("accounts")
      .values({ owner })
      .returning("id")
      .executeTakeFirstOrThrow();
    assert.equal(context.transactionOpen, true);
    if (ending === "declared") throw errors.refused({ owner });
    if (ending === "invalid") return { id: "no number" } as never;
    if (ending === "crash") throw new Error("the handler crashed");
    if (ending === "call") await clients.audit.note({ what: owner });
    if (ending === "wait") {
      waiting.resolve(context);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    }
    return { id: Number(id) };
  },
  async owners({ db }) {
    const rows = await db.selectFrom("accounts").select("owner").orderBy("id").execute();
    return { owners: rows.map((row) => row.owner) };
  },
  async change({ db }) {
    await db.insertInto("accounts").values({ owner: "written by a query" }).execute();
    return {};
  },
  async *each({ db }) {
    for (const row of await db.selectFrom("accounts").select("owner").orderBy("id").execute())
      yield row;
  },
});

let noted = 0;
const auditService = service(audit, { owner: "test" }).implement({
  note: ({ log }) => {
    log.info("noted");
    return { noted: ++noted };
  },
});

let postgresServer: TemporaryServer;
let templates: TemplateDatabases;
before(async () => {
  postgresServer = await startTemporaryServer();
  templates = new TemplateDatabases(postgresServer.server.database, systemSchema);
});
after(async () => {
  await templates.close();
  await postgresServer.stop();
});

/** Both services in this process, on a database of their own. */
async function start() {
  const cloned = await templates.clone("accounts", fileURLToPath(migrations));
  const [clock, random, wheel] = [systemClock, systemRandom, new TimerWheel(systemClock)];
  const services = [accountsService, auditService];
  const boots = { accounts: { ...cloned.app, connections: 2 } };
  const databases = await openDatabases(services, boots, { instance: "test", clock });
  const lines: Record<string, unknown>[] = [];
  const log = new Logger({
    level: "info",
    sink: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const runtime = new ServiceRuntime({
    services,
    databases,
    clock,
    wheel,
    random,
    log,
    instance: "test",
  });
  const principals = new PrincipalVerifier(() => [], { environment: "test", clock });
  const inbound = new Inbound({
    services: runtime.served(),
    clock,
    wheel,
    log,
    checked: true,
    mayCall: () => true,
    principals,
  });
  const caller = new Caller({
    clock,
    random,
    wheel,
    log,
    discovery: new StaticDiscovery({}),
    connect: () => assert.fail("everything is in this process"),
    local: inbound,
    checked: true,
  });
  runtime.connect(caller);
  const bind = caller.bind(accounts, { caller: "test" });
  return {
    lines,
    client: (deadlineMs?: number) =>
      bind(rootContext({ clock, wheel, caller: "test", deadlineMs })),
    open: (owner: string, ending: (typeof endings)[number]) =>
      bind(rootContext({ clock, wheel, caller: "test" })).open({ owner, ending }),
    owners: async () =>
      (await bind(rootContext({ clock, wheel, caller: "test" })).owners({})).owners,
    async end() {
      await caller.stop();
      await closeDatabases(databases);
      await cloned.drop();
    },
  };
}

async function withServices(
  work: (running: Awaited<ReturnType<typeof start>>) => Promise<void>,
): Promise<void> {
  const running = await start();
  try {
    await work(running);
  } finally {
    await running.end();
  }
}

test("a command that returns is committed, through Kysely as through the driver", () =>
  withServices(async ({ open, owners }) => {
    assert.deepEqual(await open("ada", "commit"), { id: 1 });
    assert.deepEqual(await open("grace", "raw"), { id: 2 });
    assert.deepEqual(await owners(), ["ada", "grace"]);
  }));

test("warming up connects, and a database that is away does not matter to it", async () => {
  const { host } = postgresServer.server.database.admin();
  const boot = {
    host,
    port: 1,
    database: "none",
    user: "nobody",
    password: "none",
    connections: 1,
  };
  const databases = await openDatabases(
    [accountsService],
    { accounts: boot },
    { instance: "test", clock: systemClock },
  );
  await warmUp(databases, systemClock);
  await rehearse(databases, systemClock);
  await closeDatabases(databases);
});

test("a declared error rolls back, and the caller gets its data", () =>
  withServices(async ({ open, owners }) => {
    const { ok, error: refused } = await safe(open("ada", "declared"));
    assert.equal(ok, false);
    assert.equal(refused?.code, "refused");
    assert.deepEqual(refused?.data, { owner: "ada" });
    assert.deepEqual(await owners(), []);
  }));

test("an answer that breaks the contract rolls back", () =>
  withServices(async ({ open, owners }) => {
    await assert.rejects(async () => open("ada", "invalid"), { code: "invalid_output" });
    assert.deepEqual(await owners(), []);
  }));

test("a crash rolls back, says nothing of itself to the caller, and everything to the log", () =>
  withServices(async ({ open, owners, lines }) => {
    await assert.rejects(
      async () => open("ada", "crash"),
      (thrown: KerfError) => {
        assert.equal(thrown.code, "internal");
        assert.doesNotMatch(JSON.stringify(thrown.toShape()), /crashed/);
        return true;
      },
    );
    assert.deepEqual(await owners(), []);
    assert.match(JSON.stringify(lines), /the handler crashed/);
  }));

test("a call inside of the open transaction is refused, before the first statement it is not", () =>
  withServices(async ({ open, owners, lines }) => {
    const before = noted;
    await assert.rejects(async () => open("ada", "call"), { code: "call_in_transaction" });
    assert.equal(noted, before);
    await open("grace", "call-first");
    assert.equal(noted, before + 1);
    assert.deepEqual(await owners(), ["grace"]);
    const line = lines.find((entry) => entry["message"] === "noted");
    assert.equal(line?.["service"], "audit");
    assert.equal(line?.["operation"], "note");
    assert.match(String(line?.["trace_id"]), /^[0-9a-f]{32}$/);
  }));

test("a caller that leaves before the commit leaves nothing behind", () =>
  withServices(async ({ client, owners }) => {
    waiting = Promise.withResolvers();
    const leaving = new AbortController();
    const call = client().open({ owner: "ada", ending: "wait" }, { signal: leaving.signal });
    const rejected = assert.rejects(async () => call, { code: "cancelled" });
    await waiting.promise;
    leaving.abort();
    await rejected;
    assert.deepEqual(await owners(), []);
  }));

test("a deadline that passes before the commit leaves nothing behind", () =>
  withServices(async ({ client, owners }) => {
    waiting = Promise.withResolvers();
    await assert.rejects(async () => client(200).open({ owner: "ada", ending: "wait" }), {
      code: "deadline_exceeded",
    });
    assert.equal((await waiting.promise).transactionOpen, false);
    assert.deepEqual(await owners(), []);
  }));

test("a query cannot write, a stream reads", () =>
  withServices(async ({ client, open, lines }) => {
    await open("ada", "commit");
    await assert.rejects(async () => client().change({}), { code: "internal" });
    assert.match(JSON.stringify(lines), /Declare the operation as a command/);
    const seen: string[] = [];
    for await (const { owner } of client().each({})) seen.push(owner);
    assert.deepEqual(seen, ["ada"]);
  }));

test("a connection lost during COMMIT may have taken effect: it is sent again, and at last the caller is told so", () =>
  withServices(async ({ open }) => {
    const admin = new ServiceDatabase({
      connection: postgresServer.server.database.admin(),
      service: "accounts",
      instance: "admin",
    });
    const { raw } = admin.reads({ deadline: Number.POSITIVE_INFINITY });
    const call = open("held", "commit");
    const rejected = assert.rejects(
      async () => call,
      (thrown: KerfError) => {
        assert.equal(thrown.code, "unavailable");
        assert.equal(thrown.retry, "unknown");
        return true;
      },
    );
    let over = false;
    void rejected.finally(() => (over = true));
    while (!over) {
      await raw.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep' and query like '%commit'",
      );
    }
    await rejected;
    await admin.close();
  }));
