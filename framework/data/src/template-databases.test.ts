import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { type ConnectionConfig, withConnection } from "./connection.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { TemplateDatabases } from "./template-databases.ts";

let temporary: TemporaryServer;
let migrations: string;

before(async () => {
  temporary = await startTemporaryServer();
  migrations = join(temporary.directory, "migrations");
  await mkdir(migrations);
  await writeFile(
    join(migrations, "0001_t.sql"),
    "create table t (n int); insert into t values (1)",
  );
});

after(async () => temporary.stop());

async function rows(connection: ConnectionConfig, sql: string): Promise<unknown[]> {
  return withConnection(connection, "test", async (client) => (await client.query(sql)).rows);
}

test("each clone is a migrated database of its own, with the rights of production", async () => {
  const templates = new TemplateDatabases(temporary.server.database);
  const [a, b, other] = await Promise.all([
    templates.clone("orders", migrations),
    templates.clone("orders", migrations),
    templates.clone("users", migrations),
  ]);
  await rows(a.app, "insert into t values (2)");
  assert.deepEqual(await rows(a.app, "select count(*)::int as n from t"), [{ n: 2 }]);
  assert.deepEqual(await rows(b.app, "select count(*)::int as n from t"), [{ n: 1 }]);
  await assert.rejects(rows(a.app, "create table u ()"), { code: "42501" });
  await assert.rejects(
    rows({ ...other.app, database: a.app.database }, "select 1"),
    (error: KerfError) => error.code === "forbidden",
  );
  await rows(a.owner, "create table u ()");
  await templates.close();
  await templates.close();
  assert.deepEqual(
    await rows(
      temporary.server.database.admin(),
      "select datname from pg_database where datname like 'kerf_clone%'",
    ),
    [],
  );
});

test("the next process finds the template, unless the migrations changed; clones of the dead are dropped", async () => {
  const admin = temporary.server.database.admin();
  // Larger than any pid that Linux gives.
  await rows(admin, "create database kerf_clone_99999999_1_orders");
  const templates = new TemplateDatabases(temporary.server.database);
  const count =
    "select count(*)::int as n from pg_database where datname like 'kerf_template%orders'";
  await templates.clone("orders", migrations);
  assert.deepEqual(await rows(admin, count), [{ n: 1 }]);
  assert.deepEqual(
    await rows(admin, "select from pg_database where datname = 'kerf_clone_99999999_1_orders'"),
    [],
  );
  await writeFile(join(migrations, "0002_u.sql"), "create table u ()");
  const later = new TemplateDatabases(temporary.server.database);
  const clone = await later.clone("orders", migrations);
  assert.deepEqual(await rows(clone.app, "select * from u"), []);
  assert.deepEqual(await rows(admin, count), [{ n: 2 }]);
  await clone.drop();
  await clone.drop();
  await Promise.all([templates.close(), later.close()]);
});

test("migrations that fail are told to whoever asks, and can be corrected", async () => {
  const templates = new TemplateDatabases(temporary.server.database);
  await writeFile(join(migrations, "0003_bad.sql"), "select nope");
  await assert.rejects(
    templates.clone("orders", migrations),
    (error: KerfError) => error.code === "migration_failed",
  );
  await writeFile(join(migrations, "0003_bad.sql"), "select 1");
  await templates.clone("orders", migrations);
  await templates.close();
});
