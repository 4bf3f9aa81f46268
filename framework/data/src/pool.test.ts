import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as elapsed } from "node:timers/promises";
import { KerfError } from "@kerf/kernel";
import { withConnection } from "./connection.ts";
import { EmbeddedServer } from "./embedded/embedded-server.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { commandRecordSchema } from "./command-records/schema.ts";
import { ConnectionPool } from "./pool.ts";
import { type ProvisionedService, provisionService } from "./provision.ts";
import { ServiceDatabase } from "./service-database.ts";
import { applySystemSchema } from "./system-schema.ts";

let temporary: TemporaryServer;
let service: ProvisionedService;

before(async () => {
  temporary = await startTemporaryServer();
  service = await provisionService(temporary.server.database, {
    service: "s",
    passwords: { owner: "o", app: "a" },
  });
  await withConnection(service.owner, "test", async (client) =>
    client.query("create table t (n int)"),
  );
});

after(async () => temporary.stop());

const soon = (ms = 5_000) => ({ deadline: performance.now() + ms });
const open = (more: object = {}) =>
  new ServiceDatabase({ connection: service.app, service: "s", instance: "i7", ...more });

test("no more connections than the budget; the others wait for their turn", async () => {
  const pool = new ConnectionPool({
    connection: service.app,
    service: "s",
    instance: "i",
    connections: 2,
  });
  const held = [await pool.acquire(soon().deadline), await pool.acquire(soon().deadline)];
  const third = pool.acquire(soon().deadline);
  assert.deepEqual(pool.stats, { open: 2, idle: 0, waiting: 1 });
  held[0]?.release();
  (await third).release();
  held[1]?.release();
  assert.equal(pool.stats.open, 2);
  await pool.close();
  assert.equal(pool.stats.open, 0);
});

test("waiting is bounded by the deadline, and the queue by its length", async () => {
  const pool = new ConnectionPool({
    connection: service.app,
    service: "s",
    instance: "i",
    connections: 1,
    maxWaiting: 1,
  });
  const held = await pool.acquire(soon().deadline);
  const waiting = pool.acquire(soon(20).deadline);
  await assert.rejects(
    pool.acquire(soon().deadline),
    (error: KerfError) => error.code === "overloaded" && error.retry === "not-executed",
  );
  // The pool's timers keep no process alive; a test needs one that does.
  const alive = setTimeout(() => undefined, 5_000);
  await assert.rejects(waiting, (error: KerfError) => error.code === "deadline_exceeded");
  clearTimeout(alive);
  held.release();
  (await pool.acquire(soon().deadline)).release();
  await pool.close();
  await assert.rejects(
    pool.acquire(soon().deadline),
    (error: KerfError) => error.code === "unavailable",
  );
});

test("closing waits for what runs", async () => {
  const database = open();
  const tx = database.transaction(soon());
  await tx.raw.query("insert into t values (1)");
  const closed = database.close();
  await tx.commit();
  await closed;
  assert.deepEqual(database.stats, { open: 0, idle: 0, waiting: 0 });
});

test("idle connections are closed", async () => {
  const database = open({ idleMs: 1 });
  await database.warm(soon().deadline);
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  while (database.stats.open > 0) await pause();
  await database.close();
});

test("a rehearsal opens every connection, and changes nothing", async () => {
  await applySystemSchema(service.owner, commandRecordSchema);
  const database = open({ connections: 3, idleMs: 60_000 });
  await database.rehearse(soon().deadline);
  assert.deepEqual(database.stats, { open: 3, idle: 3, waiting: 0 });
  const { rows } = await database
    .reads(soon())
    .raw.query(
      "select (select count(*) from kerf.command_record)::int as records, (select count(*) from pg_locks where locktype = 'advisory')::int as locks",
    );
  assert.deepEqual(rows, [{ records: 0, locks: 0 }]);
  await database.close();
  await assert.rejects(
    open({ connection: { ...service.app, port: 1 } }).rehearse(soon().deadline),
    {
      code: "unavailable",
    },
  );
});

test("pg_stat_activity says who works", async () => {
  const database = open();
  const { rows } = await database
    .reads(soon())
    .raw.query("select application_name from pg_stat_activity where pid = pg_backend_pid()");
  assert.deepEqual(rows, [{ application_name: "s/i7" }]);
  await database.close();
});

test("a refused password is a database that is not available; the reason stays in this process", async () => {
  const database = open({ connection: { ...service.app, password: "wrong" } });
  await assert.rejects(database.reads(soon()).raw.query("select 1"), (error: KerfError) => {
    assert.equal(error.code, "unavailable");
    assert.doesNotMatch(JSON.stringify(error.toShape()), /s_app|kerf-pg/);
    assert.match(String((error.cause as KerfError).why), /password authentication failed/);
    return true;
  });
  await database.close();
});

test("a connection that the server ends under a transaction: unavailable, nothing executed; the next one works", async () => {
  const database = open();
  const tx = database.transaction(soon());
  const { rows } = await tx.raw.query<{ pid: number }>("select pg_backend_pid() as pid");
  await withConnection(temporary.server.database.admin(), "test", async (client) =>
    client.query("select pg_terminate_backend($1, 5000)", [rows[0]?.pid]),
  );
  await assert.rejects(
    tx.raw.query("select 1"),
    (error: KerfError) => error.code === "unavailable" && error.retry === "not-executed",
  );
  await tx.rollback();
  await database.reads(soon()).raw.query("select 1");
  await database.close();
});

test("a server that dies with kill -9 and comes back needs no restart of ours", async () => {
  const database = open();
  const tx = database.transaction(soon());
  await tx.raw.query("insert into t values (1)");
  await database.reads(soon()).raw.query("select 1");
  const running = tx.raw.query("select pg_sleep(20)");
  const ended = assert.rejects(running, (error: KerfError) => error.code === "unavailable");
  const { server } = temporary;
  process.kill(server.pid, "SIGKILL");
  await server.exited;
  await ended;
  await tx.rollback();
  // What was killed is the postmaster. Its backends end when they see that, a moment later, and
  // one with an idle connection of ours may still answer until then.
  await assert.rejects(
    async () => {
      for (let attempt = 0; attempt < 500; attempt += 1) {
        const late = database.transaction(soon());
        await late.raw.query("select 1");
        await late.rollback();
        await elapsed(10);
      }
    },
    (error: KerfError) => error.code === "unavailable" && error.retry === "not-executed",
  );
  const socketDirectory = server.database.admin().host;
  const again = await EmbeddedServer.start({
    directory: `${temporary.directory}/server`,
    socketDirectory,
  });
  try {
    assert.equal((await database.reads(soon()).raw.query("select 1 as one")).rows[0].one, 1);
    await database.close();
  } finally {
    await again.stop();
  }
});

test("a server that does not answer at all costs the deadline, not more", async () => {
  const { server } = await startTemporaryServer().then(
    (started) => ((temporary = started), started),
  );
  service = await provisionService(server.database, {
    service: "s",
    passwords: { owner: "o", app: "a" },
  });
  const database = open();
  const tx = database.transaction(soon(300));
  const { rows } = await tx.raw.query<{ pid: number }>("select pg_backend_pid() as pid");
  const backend = rows[0]?.pid as number;
  const alive = setTimeout(() => undefined, 20_000);
  process.kill(backend, "SIGSTOP");
  try {
    await assert.rejects(
      tx.raw.query("select 1"),
      (error: KerfError) => error.code === "deadline_exceeded",
    );
    await tx.rollback();
  } finally {
    process.kill(backend, "SIGCONT");
    clearTimeout(alive);
  }
  await database.close();
});
