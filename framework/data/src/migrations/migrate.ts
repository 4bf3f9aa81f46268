import type { Client } from "pg";
import { KerfError } from "@kerf/kernel";
import { withAdvisoryLock } from "../advisory-lock.ts";
import { type ConnectionConfig, withConnection } from "../connection.ts";
import { type MigrationFile, readMigrations } from "./directory.ts";
import { applyWith, type SystemMigration } from "../system-schema.ts";
import { explainMigrationError } from "./failure.ts";
import { type AppliedMigration, compareWithHistory, type HistoryOptions } from "./history.ts";

/** What {@link migrate} did. */
export interface MigrationResult {
  /** Names of the files applied now, in order. */
  readonly applied: readonly string[];
  /** How many had been applied before. */
  readonly before: number;
}

/** How long a migration waits for a lock that live traffic holds, in milliseconds; everything behind it waits as long. */
const lockTimeoutMs = 10_000;

/**
 * Brings a database to the state of a directory of migrations, the platform's own tables (`systemSchema`) first. Connects as the owner, directly (not through a transaction
 * pooler); processes that do it at once take turns. Each file is one transaction together with its record. Throws
 * `migration_failed`; what was applied before the failing file stays.
 */
export async function migrate(
  owner: ConnectionConfig,
  directory: string,
  systemSchema: readonly SystemMigration[] = [],
  options: HistoryOptions = {},
): Promise<MigrationResult> {
  const files = await readMigrations(directory);
  return withConnection(owner, "kerf/migrate", async (client) => {
    await applyWith(client, systemSchema);
    const history = await readHistory(client);
    const pending = compareWithHistory(files, history ?? [], owner.database, options);
    if (pending.length === 0 && history !== undefined)
      return { applied: [], before: history.length };
    return withAdvisoryLock(client, "kerf migrate", async () => {
      const before = (await readHistory(client)) ?? (await createHistory(client));
      const applied: string[] = [];
      await client.query(`set lock_timeout = ${lockTimeoutMs}`);
      for (const file of compareWithHistory(files, before, owner.database, options)) {
        await apply(client, file, owner.database);
        applied.push(file.name);
      }
      return { applied, before: before.length };
    });
  });
}

/** What was applied, by name; undefined where nothing says what was. */
export async function readHistory(client: Client): Promise<AppliedMigration[] | undefined> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regclass('public.kerf_migrations') is not null as there",
  );
  if (rows[0]?.there !== true) return undefined;
  const applied = await client.query<AppliedMigration>(
    "select name, sha256 from public.kerf_migrations order by name",
  );
  return applied.rows;
}

/** Makes the table of what was applied; empty, it says that nothing was. */
export async function createHistory(client: Client): Promise<AppliedMigration[]> {
  // Made by the owner, it would be writable for the app role like every table.
  await client.query(`
    create table public.kerf_migrations (
      name text primary key,
      sha256 text not null,
      applied_at timestamptz not null default now()
    );
    do $$ declare grantee name; begin
      for grantee in select distinct rolname from pg_class, aclexplode(relacl) acl join pg_roles on pg_roles.oid = acl.grantee
        where pg_class.oid = 'public.kerf_migrations'::regclass and rolname <> current_user
      loop execute format('revoke all on public.kerf_migrations from %I', grantee); end loop;
    end $$`);
  return [];
}

/** Applies one file together with its record. */
export async function apply(client: Client, file: MigrationFile, database: string): Promise<void> {
  try {
    if (file.transactional) {
      await client.query("begin");
      await client.query(file.sql);
      await record(client, file);
      await client.query("commit");
    } else {
      await client.query(file.sql);
      await record(client, file);
    }
  } catch (cause) {
    await client.query("rollback").catch(() => undefined);
    throw explainMigrationError(file, database, cause);
  }
}

async function record(client: Client, file: MigrationFile): Promise<void> {
  const { rowCount } = await client.query(
    "insert into public.kerf_migrations (name, sha256) values ($1, $2)",
    [file.name, file.sha256],
  );
  if (rowCount !== 1)
    throw new KerfError("migration_failed", `The record of ${file.name} was not written.`);
}
