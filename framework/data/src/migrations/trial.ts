import { randomBytes } from "node:crypto";
import type { Client } from "pg";
import { KerfError } from "@kerf/kernel";
import { type ConnectionConfig, withConnection } from "../connection.ts";
import type { DatabaseServer } from "../server.ts";
import { databaseGrants } from "../service-layout.ts";
import { quoteIdentifier as id, serviceNames } from "../service-names.ts";
import { applyWith, type SystemMigration } from "../system-schema.ts";
import { describeSchema } from "./database-schema.ts";
import { type MigrationFile, readMigrations } from "./directory.ts";
import { type AppliedMigration, compareWithHistory } from "./history.ts";
import { apply, createHistory, readHistory } from "./migrate.ts";
import { compareDatabaseSchemas, type SchemaChange } from "./schema-changes.ts";

/** What is tried, and as whom. */
export interface MigrationTrial {
  /** Name of the service. */
  readonly service: string;
  /** The owner's connection to the live database, of which only the history is read. */
  readonly owner: ConnectionConfig;
  /** The new release's migrations. */
  readonly directory: string;
  /** The platform's own tables, as for `migrate`. */
  readonly systemSchema?: readonly SystemMigration[];
}

/** What migrations would do. */
export interface MigrationTrialResult {
  /** Names of the files that are still to be applied, in order. */
  readonly applied: readonly string[];
  /** What they change; empty when there are none. */
  readonly changes: readonly SchemaChange[];
  /** Names of migrations that were applied and come after the last of these: newer code was there. What they made stays. */
  readonly ahead: readonly string[];
}

/** How long a trial may take in all, in seconds: the tables are empty. */
const boundSeconds = 120;
const prefix = "kerf-trial-";

/**
 * Applies a release's new migrations to an empty database of their own on the same server, and tells what they change. That database is made with the
 * files that the live one has applied, and dropped at the end, whatever happens; what a platform that died left behind goes with the next trial.
 * Throws `migration_failed` as {@link migrate} does. The tables are empty: what a migration does to rows, and how long it takes, is not tried.
 */
export async function tryMigrations(
  server: DatabaseServer,
  { service, owner, directory, systemSchema = [] }: MigrationTrial,
): Promise<MigrationTrialResult> {
  const files = await readMigrations(directory);
  const history = await appliedMigrations(owner);
  const pending = compareWithHistory(files, history, owner.database, { ahead: "allowed" });
  const ahead = history
    .map(({ name }) => name)
    .filter((name) => !files.some((file) => file.name === name));
  if (pending.length === 0) return { applied: [], changes: [], ahead };
  const before = files.filter((file) => !pending.includes(file));
  return withScratchDatabase(server, service, owner, async (client) => {
    await applyWith(client, systemSchema);
    await createHistory(client);
    const bound = { database: owner.database, until: performance.now() + boundSeconds * 1_000 };
    await applyAll(client, before, bound);
    const old = await describeSchema(client);
    await applyAll(client, pending, bound);
    const changes = compareDatabaseSchemas(old, await describeSchema(client));
    return { applied: pending.map(({ name }) => name), changes, ahead };
  });
}

/** The migrations that a database has applied; none where it never was migrated. Connects as the owner. */
export async function appliedMigrations(
  owner: ConnectionConfig,
): Promise<readonly AppliedMigration[]> {
  return (await withConnection(owner, "kerf/trial", readHistory)) ?? [];
}

/** Applies files until the time is over; then the server ends what still runs. */
async function applyAll(
  client: Client,
  files: readonly MigrationFile[],
  { database, until }: { database: string; until: number },
): Promise<void> {
  for (const file of files) {
    const left = Math.max(1, Math.ceil(until - performance.now()));
    // The first bounds each statement, also outside of a transaction; the second a file with many.
    await client.query(`set statement_timeout = ${left}; set transaction_timeout = ${left}`);
    await apply(client, file, database).catch((cause: unknown) => {
      throw performance.now() < until ? cause : tookTooLong(file, database, cause);
    });
  }
}

function tookTooLong(file: MigrationFile, database: string, cause: unknown): KerfError {
  return new KerfError("migration_failed", {
    message: `The migrations of ${database} took longer than ${boundSeconds} s on empty tables; ${file.name} was under way.`,
    why: "A statement waits for something, or never ends.",
    fix: "Try them by hand on an empty database.",
    data: { file: file.name },
    cause,
  });
}

/** Runs `work` as the owner in a database that nobody else knows, laid out as the service's own. */
async function withScratchDatabase<T>(
  server: DatabaseServer,
  service: string,
  owner: ConnectionConfig,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  return withConnection(server.admin(), "kerf/trial", async (admin) => {
    await dropLeftOvers(admin);
    const { rows } = await admin.query<{ now: number }>(
      "select extract(epoch from now())::int as now",
    );
    const database = `${prefix}${rows[0]?.now ?? 0}-${randomBytes(4).toString("hex")}`;
    await admin.query(
      `create database ${id(database)} owner ${id(owner.user)} template template0 strategy wal_log`,
    );
    try {
      return await withConnection({ ...owner, database }, "kerf/trial", async (client) => {
        const { app } = serviceNames(service);
        await client.query(databaseGrants({ database, app }));
        return await work(client);
      });
    } finally {
      await admin.query(`drop database if exists ${id(database)} with (force)`);
    }
  });
}

/** The age is in the name, by the server's clock: whoever made it may have run on another machine. */
async function dropLeftOvers(admin: Client): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    `select datname as name from pg_database
       where datname ~ '^${prefix}[0-9]+-[0-9a-f]+$'
         and split_part(datname, '-', 3)::bigint < extract(epoch from now()) - ${2 * boundSeconds}`,
  );
  for (const { name } of rows)
    await admin.query(`drop database if exists ${id(name)} with (force)`);
}
