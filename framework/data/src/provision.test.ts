import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { type ConnectionConfig, withConnection } from "./connection.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { provisionService, provisionServices } from "./provision.ts";
import { DatabaseServer } from "./server.ts";

let temporary: TemporaryServer;
let server: DatabaseServer;

before(async () => {
  temporary = await startTemporaryServer();
  server = temporary.server.database;
});

after(async () => temporary.stop());

const request = (service: string) => ({
  service,
  passwords: { owner: `${service}-o`, app: `${service}-a` },
});

async function run(connection: ConnectionConfig, ...statements: string[]): Promise<void> {
  await withConnection(connection, "test", async (client) => {
    for (const statement of statements) await client.query(statement);
  });
}

const refused = (error: KerfError): boolean => error.code === "forbidden";
const noRight = { code: "42501" };

test("the app role works in the tables of the owner, without DDL", async () => {
  const { owner, app, created } = await provisionService(server, request("orders"));
  assert.equal(created, true);
  await run(
    owner,
    "create table t (id serial primary key, n int)",
    "create schema more",
    "create table more.t (n int)",
  );
  await run(
    app,
    "insert into t (n) values (1)",
    "update t set n = 2",
    "select * from more.t",
    "delete from t",
  );
  for (const ddl of [
    "create table u ()",
    "create temp table u ()",
    "alter table t add column x int",
    "drop table t",
    "truncate t",
    "create schema s",
    "create extension plpgsql",
    "create database d",
    "create role r",
    "alter role orders_app connection limit 100",
  ]) {
    await assert.rejects(
      run(app, ddl),
      (error: { code: string }) => ["42501", "42710"].includes(error.code),
      ddl,
    );
  }
});

test("PostgreSQL refuses another service's roles, and everyone in the databases of the server", async () => {
  const [orders, payments] = await provisionServices(server, [
    request("orders"),
    request("gift-cards"),
  ]);
  assert.ok(orders && payments);
  for (const role of [orders.app, orders.owner]) {
    for (const database of ["gift_cards", "postgres", "template1"]) {
      await assert.rejects(
        run({ ...role, database }, "select 1"),
        refused,
        `${role.user} in ${database}`,
      );
    }
  }
  await run(payments.app, "select 1");
});

test("the second time it only looks; a changed password and a changed budget are carried out", async () => {
  assert.equal((await provisionService(server, request("orders"))).created, false);
  const changed = {
    ...request("orders"),
    passwords: { owner: "orders-o", app: "another" },
    connections: { app: 1 },
  };
  const { app } = await provisionService(server, changed);
  await assert.rejects(run({ ...app, password: "orders-a" }, "select 1"), refused);
  await withConnection(app, "test", async (client) => {
    const { rows } = await client.query("show idle_in_transaction_session_timeout");
    assert.equal(rows[0].idle_in_transaction_session_timeout, "1min");
    await assert.rejects(
      run(app, "select 1"),
      (error: KerfError) => error.code === "unavailable" && error.retry === "not-executed",
    );
  });
});

test("two platforms at once come to the same end", async () => {
  const all = ["a", "b", "c"].map(request);
  const results = await Promise.all([
    provisionServices(server, all),
    provisionServices(server, all),
  ]);
  for (const name of ["a", "b", "c"]) {
    const made = results.flat().filter((result) => result.service === name && result.created);
    assert.equal(made.length, 1, name);
  }
});

test("an administrator who is no superuser will do, as managed servers have it", async () => {
  await run(
    server.admin(),
    "create role boss login createdb createrole password 'boss'",
    "grant connect on database postgres to boss",
  );
  const { host } = server.admin();
  const managed = DatabaseServer.fromUrl(`postgres://boss:boss@localhost/postgres?host=${host}`);
  for (const created of [true, false]) {
    const { owner, app, ...rest } = await provisionService(managed, request("managed"));
    assert.equal(rest.created, created);
    await run(owner, "create table if not exists t ()");
    await run(app, "select * from t");
    await assert.rejects(run(app, "create table u ()"), noRight);
  }
});

test("no password and no verifier reaches the server's log", async () => {
  await run(server.admin(), "create database half");
  await assert.rejects(
    provisionServices(server, [
      { ...request("half"), passwords: { owner: "bad password", app: "x" } },
    ]),
  );
  const log = await readFile(join(temporary.directory, "server", "server.log"), "utf8");
  assert.doesNotMatch(log, /SCRAM-SHA-256|orders-a|another/);
});
