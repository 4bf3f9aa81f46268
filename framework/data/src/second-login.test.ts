import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ConnectionConfig, withConnection } from "./connection.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { provisionService, type RolePasswords } from "./provision.ts";

let temporary: TemporaryServer;
before(async () => {
  temporary = await startTemporaryServer();
});
after(async () => temporary.stop());

function provision(passwords: RolePasswords) {
  return provisionService(temporary.server.database, { service: "orders", passwords });
}

function ask<Row extends object>(connection: ConnectionConfig, text: string): Promise<Row[]> {
  return withConnection(connection, "test", async (client) => (await client.query<Row>(text)).rows);
}

test("the second way in has the rights of the first, and one holds while the other is exchanged", async () => {
  const one = await provision({ owner: "o1", app: "a1" });
  await ask(one.owner, "create table t (n int)");
  await ask(one.app, "insert into t values (1)");

  const both = await provision({ owner: "o1", app: "a1", second: "b1", login: "second" });
  assert.equal(both.app.user, "orders_app_2");
  await ask(both.app, "insert into t values (2)");
  await ask(one.app, "insert into t values (3)");
  const facts =
    "select current_user as role, current_setting('idle_in_transaction_session_timeout') as idle";
  assert.deepEqual(await ask(both.app, facts), [{ role: "orders_app", idle: "1min" }]);
  for (const ddl of ["create table u ()", "drop table t", "create role r", "set role orders_owner"])
    await assert.rejects(ask(both.app, ddl), { code: "42501" }, ddl);

  const second = await provision({ owner: "o2", app: null, second: "b1", login: "second" });
  await assert.rejects(ask(one.app, "select 1"), { code: "forbidden" });
  await assert.rejects(ask(one.owner, "select 1"), { code: "forbidden" });
  await assert.rejects(ask({ ...one.app, password: "" }, "select 1"));
  assert.deepEqual(await ask(second.app, "select count(*)::int as n from t"), [{ n: 3 }]);
  await ask(second.owner, "create table later (n int)");
  await ask(second.app, "select * from later");

  const back = await provision({ owner: "o2", app: "a2", second: null, login: "app" });
  assert.equal(back.app.user, "orders_app");
  await ask(back.app, "select * from later");
  await assert.rejects(ask(second.app, "select 1"), { code: "forbidden" });
});
