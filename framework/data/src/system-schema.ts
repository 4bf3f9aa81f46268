import type { Client } from "pg";
import { withAdvisoryLock } from "./advisory-lock.ts";
import { type ConnectionConfig, withConnection } from "./connection.ts";

/** One step of the platform's own tables in a service's database; never changed once it was released. */
export interface SystemMigration {
  /** Unique, as `events-0001`; kept in `kerf.schema_version`. */
  readonly name: string;
  /** Run by the owner in one transaction with its record, and with the others that are missing; its objects lie in the schema `kerf`. */
  readonly sql: string;
}

/**
 * Brings the platform's own tables in one database up to date; it only looks when nothing is missing. Names that it does not
 * know are left alone: a newer version of the platform has been here, and both work with what is there.
 */
export async function applySystemSchema(
  owner: ConnectionConfig,
  migrations: readonly SystemMigration[],
): Promise<readonly string[]> {
  return withConnection(owner, "kerf/migrate", (client) => applyWith(client, migrations));
}

/** The same on a connection of the owner's. Answers the names that were applied now. */
export async function applyWith(
  client: Client,
  migrations: readonly SystemMigration[],
): Promise<readonly string[]> {
  if ((await missing(client, migrations))?.length === 0) return [];
  return withAdvisoryLock(client, "kerf system schema", async () => {
    const wanted = (await missing(client, migrations)) ?? (await createHistory(client, migrations));
    // One transaction: a new database has all of them to come, and each commit waits for the disk.
    await client.query("begin");
    try {
      for (const { name, sql } of wanted) {
        await client.query(sql);
        await client.query("insert into kerf.schema_version (name) values ($1)", [name]);
      }
      await client.query("commit");
    } catch (error) {
      await client.query("rollback").catch(() => undefined);
      throw error;
    }
    return wanted.map(({ name }) => name);
  });
}

/** Those that were not applied; undefined where nothing says what was. */
async function missing(
  client: Client,
  migrations: readonly SystemMigration[],
): Promise<readonly SystemMigration[] | undefined> {
  if (migrations.length === 0) return [];
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('kerf.schema_version') is not null as there",
  );
  if (rows[0]?.there !== true) return undefined;
  const applied = await client.query<{ name: string }>("select name from kerf.schema_version");
  const known = new Set(applied.rows.map((row) => row.name));
  return migrations.filter(({ name }) => !known.has(name));
}

/** Under the lock: "if not exists" does not keep two that create at once from failing. */
async function createHistory(
  client: Client,
  migrations: readonly SystemMigration[],
): Promise<readonly SystemMigration[]> {
  // Read by everybody in the database, written by the owner alone.
  await client.query(`
    create schema if not exists kerf;
    create table if not exists kerf.schema_version (
      name text primary key,
      applied_at timestamptz not null default now()
    )`);
  return migrations;
}
