import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  Caller,
  clientKeyPrefix,
  Inbound,
  PrincipalVerifier,
  rootContext,
  StaticDiscovery,
} from "@kerf/call";
import { command, contract, error } from "@kerf/contract";
import { type Generated, postgres, ServiceDatabase, TemplateDatabases } from "@kerf/data";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { delay, type KerfError, systemClock, systemRandom, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { z } from "zod";
import { service } from "../declaration/service.ts";
import { systemSchema } from "../system-schema.ts";
import { closeDatabases, openDatabases, type ServiceDatabases } from "./databases.ts";
import { ServiceRuntime } from "./runtime.ts";

const members = contract("members", {
  version: "1.0.0",
  operations: {
    join: command({
      access: "public",
      input: z.object({ name: z.string() }),
      output: z.object({ id: z.number() }),
      errors: { full: error({ data: z.object({ name: z.string() }) }) },
    }),
    pair: command({
      access: "public",
      input: z.object({ names: z.array(z.string()) }),
      output: z.object({}),
    }),
    touch: command({
      access: "public",
      input: z.object({}),
      output: z.object({ runs: z.number() }),
    }),
  },
});

interface Tables {
  accounts: { id: Generated<number>; owner: string };
}

const migrations = new URL("./fixtures/migrations", import.meta.url);
let runs = 0;
/** What the handler does after its statement. */
let then: () => Promise<void> | void;

const membersService = service(members, {
  owner: "test",
  database: postgres<Tables>({ migrations }),
});
membersService.implement({
  async join({ input, db, errors }) {
    runs += 1;
    const { id } = await db
      .insertInto("accounts")
      .values({ owner: `${input.name} ${runs}` })
      .returning("id")
      .executeTakeFirstOrThrow();
    if (input.name === "late") throw errors.full({ name: input.name });
    await then();
    return { id: Number(id) };
  },
  async pair({ input, db }) {
    runs += 1;
    // At once, and one of them while the key is being claimed.
    await Promise.all(
      input.names.map(async (owner, index) => {
        await delay(systemClock, index);
        await db.insertInto("accounts").values({ owner }).execute();
      }),
    );
    await then();
    return {};
  },
  touch: () => ({ runs: ++runs }),
});

let server: TemporaryServer;
let templates: TemplateDatabases;
let databases: ServiceDatabases;
let join: (
  name: string,
  options: { key?: string; subject?: string; deadlineMs?: number },
) => Promise<{ id: number }>;
let pair: (names: string[], key: string) => Promise<object>;
let touch: (key: string) => Promise<{ runs: number }>;
let countMembers: () => Promise<number>;
let records: () => Promise<number>;

before(async () => {
  server = await startTemporaryServer();
  templates = new TemplateDatabases(server.server.database, systemSchema);
});

after(async () => {
  await closeDatabases(databases);
  await templates.close();
  await server.stop();
});

beforeEach(async () => {
  runs = 0;
  then = () => {};
  if (databases !== undefined) await closeDatabases(databases);
  const cloned = await templates.clone("members", fileURLToPath(migrations));
  const [clock, random, wheel] = [systemClock, systemRandom, new TimerWheel(systemClock)];
  const services = [membersService];
  const boots = { members: { ...cloned.app, connections: 4 } };
  databases = await openDatabases(services, boots, { instance: "test", clock });
  const log = silentLogger;
  const runtime = new ServiceRuntime({
    services,
    databases,
    clock,
    wheel,
    random,
    log,
    instance: "test",
  });
  const inbound = new Inbound({
    services: runtime.served(),
    clock,
    wheel,
    log,
    checked: true,
    mayCall: () => true,
    principals: new PrincipalVerifier(() => [], { environment: "test", clock }),
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
  const bind = caller.bind(members, { caller: "test" });
  const context = (subject?: string, deadlineMs?: number) =>
    rootContext({
      clock,
      wheel,
      caller: "test",
      deadlineMs,
      principal: subject === undefined ? undefined : { subject, claims: {} },
    });
  join = async (name, { key, subject, deadlineMs }) =>
    bind(context(subject, deadlineMs)).join(
      { name },
      key === undefined ? undefined : { idempotencyKey: key },
    );
  pair = async (names, key) => bind(context()).pair({ names }, { idempotencyKey: key });
  touch = async (key) => bind(context()).touch({}, { idempotencyKey: key });
  const count = async (table: string): Promise<number> => {
    const { raw } = (databases["members"] as NonNullable<ServiceDatabases[string]>).reads({
      deadline: clock.now() + 5_000,
    });
    const { rows } = await raw.query<{ n: string }>(`select count(*) as n from ${table}`);
    return Number(rows[0]?.n);
  };
  countMembers = () => count("accounts");
  records = () => count("kerf.command_record");
});

test("the same key gives the same answer, and there is one effect", async () => {
  const first = await join("ada", { key: "k" });
  assert.deepEqual(await join("ada", { key: "k" }), first);
  assert.equal(await countMembers(), 1);
  assert.notDeepEqual(await join("ada", { key: "another" }), first);
  assert.equal(await countMembers(), 2);
});

test("twenty at once under one key wait for the one that does it", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => join("ada", { key: "k" })));
  assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
  assert.equal(await countMembers(), 1);
});

test("a key that a client chose is refused while it is in flight, and answered afterwards", async () => {
  const key = `${clientKeyPrefix}k`;
  const [started, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  then = () => {
    started.resolve();
    return goOn.promise;
  };
  const first = join("ada", { key });
  await started.promise;
  await assert.rejects(join("ada", { key }), { code: "key_in_flight" });
  goOn.resolve();
  assert.deepEqual(await join("ada", { key }), await first);
  assert.equal(await countMembers(), 1);
});

test("statements that come while the key is waited for are not lost", async () => {
  const [started, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  then = () => {
    started.resolve();
    return goOn.promise.then(() => {
      throw new Error("the first one fails at last");
    });
  };
  const first = pair(["a", "b", "c", "d"], "k").catch((thrown: KerfError) => thrown.code);
  await started.promise;
  then = () => {};
  const second = pair(["a", "b", "c", "d"], "k");
  await delay(systemClock, 30);
  goOn.resolve();
  assert.equal(await first, "internal");
  await second;
  assert.equal(await countMembers(), 4);
});

test("whoever waits for a key waits no longer than the deadline", async () => {
  const [started, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  then = () => {
    started.resolve();
    return goOn.promise;
  };
  const first = join("ada", { key: "k" });
  await started.promise;
  await assert.rejects(join("ada", { key: "k", deadlineMs: 200 }), { code: "deadline_exceeded" });
  goOn.resolve();
  await first;
});

test("another input under the same key is refused, and changes nothing", async () => {
  await join("ada", { key: "k" });
  await assert.rejects(join("eve", { key: "k" }), { code: "key_reused" });
  assert.equal(await countMembers(), 1);
});

test("nobody is given another's answer", async () => {
  const ada = await join("ada", { key: "k", subject: "u1" });
  const eve = await join("ada", { key: "k", subject: "u2" });
  assert.notEqual(ada.id, eve.id);
  assert.deepEqual(await join("ada", { key: "k", subject: "u1" }), ada);
});

test("a declared error is an answer too: recorded, its effect undone", async () => {
  const declined = { code: "full", declared: true, data: { name: "late" } };
  await assert.rejects(join("late", { key: "k" }), declined);
  await assert.rejects(join("late", { key: "k" }), declined);
  assert.equal(await countMembers(), 0);
  assert.equal(await records(), 1);
});

test("a failure leaves no record: the next attempt does it", async () => {
  then = () => {
    throw new Error("the handler broke");
  };
  await assert.rejects(join("ada", { key: "k" }), { code: "internal" });
  assert.equal(await records(), 0);
  then = () => {};
  await join("ada", { key: "k" });
  assert.equal(await countMembers(), 1);
});

test("a command whose connection is lost before its commit is done again by itself, once", async () => {
  const admin = new ServiceDatabase({
    connection: server.server.database.admin(),
    service: "admin",
    instance: "test",
  });
  let killed = false;
  then = async () => {
    if (killed) return;
    killed = true;
    const { raw } = admin.reads({ deadline: systemClock.now() + 5_000 });
    await raw.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where state = 'idle in transaction' and application_name like 'members/%'`,
    );
  };
  await join("ada", {});
  assert.equal(await countMembers(), 1);
  assert.equal(runs, 2);
  await admin.close();
});

test("a command that changes nothing in its database keeps no record and runs each time", async () => {
  assert.deepEqual(await touch("k"), { runs: 1 });
  assert.deepEqual(await touch("k"), { runs: 2 });
  assert.equal(await records(), 0);
});

test("what is kept of a key and of an input says nothing about them", async () => {
  await join("secret-name", { key: "secret-key" });
  const { raw } = (databases["members"] as NonNullable<ServiceDatabases[string]>).reads({
    deadline: systemClock.now() + 5_000,
  });
  const { rows } = await raw.query("select * from kerf.command_record");
  assert.doesNotMatch(JSON.stringify(rows), /secret/);
});

test("a retry means the same error class to its caller as the first answer", async () => {
  const told = async (): Promise<KerfError> =>
    join("late", { key: "k" }).then(
      () => assert.fail("it must be declined"),
      (thrown: KerfError) => thrown,
    );
  const [first, second] = [await told(), await told()];
  assert.deepEqual(second.toShape(), first.toShape());
});
