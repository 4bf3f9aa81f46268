import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { withConnection } from "../connection.ts";
import { startTemporaryServer, type TemporaryServer } from "../embedded/temporary-server.ts";
import { type ProvisionedService, provisionService } from "../provision.ts";
import { describeSchema } from "./database-schema.ts";
import { migrate } from "./migrate.ts";
import { changeText, compareDatabaseSchemas, type SchemaVerdict } from "./schema-changes.ts";
import { before as first, migrationCases } from "./testing/cases.ts";
import { appliedMigrations, tryMigrations } from "./trial.ts";

let temporary: TemporaryServer;
let service: ProvisionedService;

before(async () => {
  temporary = await startTemporaryServer();
  service = await provisionService(temporary.server.database, {
    service: "orders",
    passwords: { owner: "o", app: "a" },
  });
  await migrate(service.owner, await files({ "0001_first.sql": first }));
});

after(async () => temporary.stop());

async function files(given: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(temporary.directory, "migrations-"));
  for (const [name, text] of Object.entries(given)) await writeFile(join(directory, name), text);
  return directory;
}

const trial = (directory: string) =>
  tryMigrations(temporary.server.database, { service: "orders", owner: service.owner, directory });

async function trialDatabases(): Promise<string[]> {
  const { rows } = await withConnection(temporary.server.database.admin(), "test", (admin) =>
    admin.query<{ datname: string }>(
      "select datname from pg_database where datname like 'kerf-trial-%'",
    ),
  );
  return rows.map(({ datname }) => datname);
}

const worst = (verdicts: readonly SchemaVerdict[]): SchemaVerdict =>
  verdicts.includes("incompatible")
    ? "incompatible"
    : verdicts.includes("unknown")
      ? "unknown"
      : "compatible";

for (const { change, sql, verdict, says } of migrationCases) {
  test(`migrations: ${change}`, async () => {
    await withConnection(service.owner, "test", async (client) => {
      const old = await describeSchema(client);
      await client.query("begin");
      await client.query(sql);
      const now = await describeSchema(client);
      await client.query("rollback");
      const changes = compareDatabaseSchemas(old, now);
      assert.deepEqual(changes.map(changeText), says);
      assert.equal(worst(changes.map((one) => one.verdict)), verdict);
      assert.deepEqual(JSON.parse(JSON.stringify(now)), now);
    });
  });
}

test("a trial applies what is new to a database of its own, and tells what it changes; the live one is as it was", async () => {
  const directory = await files({
    "0001_first.sql": first,
    "0002_more.sql": "alter table orders add column paid_at timestamptz;",
    "0003_index.sql":
      "-- kerf: no-transaction\ncreate index concurrently by_number on orders (number);",
  });
  const { applied, changes } = await trial(directory);
  assert.deepEqual(applied, ["0002_more.sql", "0003_index.sql"]);
  assert.deepEqual(changes.map(changeText), ["compatible: orders.paid_at: the column is new"]);
  assert.deepEqual(await trialDatabases(), []);
  assert.deepEqual(
    (await appliedMigrations(service.owner)).map(({ name }) => name),
    ["0001_first.sql"],
  );
});

test("a trial without new files makes no database", async () => {
  assert.deepEqual(await trial(await files({ "0001_first.sql": first })), {
    applied: [],
    changes: [],
    ahead: [],
  });
});

test("a migration that fails in a trial says file and line, and leaves no database", async () => {
  const directory = await files({
    "0001_first.sql": first,
    "0002_bad.sql": "select 1;\n\nselect nope;",
  });
  await assert.rejects(trial(directory), {
    code: "migration_failed",
    message: "The migration 0002_bad.sql:3:8 of orders failed.",
  });
  assert.deepEqual(await trialDatabases(), []);
});

test("the service's own role tries them: what it may not do fails here already", async () => {
  const directory = await files({
    "0001_first.sql": first,
    "0002_role.sql": "create role intruder;",
  });
  await assert.rejects(trial(directory), { code: "migration_failed", why: /permission denied/ });
});

test("what a platform that died left behind goes with the next trial, what one just made stays", async () => {
  const now = Math.floor(Date.now() / 1_000);
  await withConnection(temporary.server.database.admin(), "test", async (admin) => {
    await admin.query('create database "kerf-trial-1000000-aa"');
    await admin.query(`create database "kerf-trial-${now}-bb"`);
  });
  await trial(await files({ "0001_first.sql": first, "0002_a.sql": "create table a ()" }));
  assert.deepEqual(await trialDatabases(), [`kerf-trial-${now}-bb`]);
  await withConnection(temporary.server.database.admin(), "test", (admin) =>
    admin.query(`drop database "kerf-trial-${now}-bb"`),
  );
});

test("an applied migration that was edited, or is gone before others, or a new one before it, is named", async () => {
  const edited = { "0000_early.sql": "select 1", "0001_first.sql": `${first} -- edited` };
  await assert.rejects(trial(await files(edited)), {
    code: "migration_failed",
    why: [
      "0001_first.sql: it was applied, and its file was edited since. Put it back as it was, and write the change as a new migration.",
      "0000_early.sql: it comes before 0001_first.sql, which was applied already. Give it a higher number.",
    ].join("\n"),
  });
  await assert.rejects(trial(await files({ "0002_more.sql": "create table more ()" })), {
    why: "0001_first.sql: it was applied, and its file is gone. Put it back as it was.",
  });
});

test("a database that newer code has migrated is told of, and hinders nobody", async () => {
  assert.deepEqual(await trial(await files({})), {
    applied: [],
    changes: [],
    ahead: ["0001_first.sql"],
  });
});
