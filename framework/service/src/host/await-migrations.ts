import { join } from "node:path";
import type { DatabaseBoot, SelfContainedBoot } from "@kerf/call";
import { type ConnectionConfig, readMigrations, withConnection } from "@kerf/data";
import { type Clock, delay, KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { buildFiles } from "../build/descriptor.ts";
import type { AnyService } from "../declaration/service.ts";

/** How long migrations that run meanwhile are waited for, and how often they are looked at, milliseconds. */
const waitMs = 120_000;
const lookMs = 1_000;

/**
 * Waits until the databases of an instance are migrated as far as its code needs: where no platform orders what comes first, programs and their migrations are
 * started together. Databases that somebody else migrates are not looked at. Throws `start_failed`.
 */
export async function awaitMigrations(
  boot: SelfContainedBoot,
  services: readonly AnyService[],
  { clock, log }: { clock: Clock; log: Logger },
): Promise<void> {
  const until = clock.now() + waitMs;
  let isTold = false;
  for (const { database, name } of services) {
    const connection = boot.databases[name];
    if (database === undefined || connection === undefined) continue;
    const build = boot.builds?.[name];
    const directory =
      build === undefined ? database.migrations : join(build, buildFiles.migrations);
    // An image has none of its own.
    const files = directory === "" ? [] : await readMigrations(directory);
    const wanted = files.map((file) => file.name);
    for (;;) {
      const missing = await missingOf(connectionTo(connection), wanted).catch(
        (error: unknown) => error as Error,
      );
      if (!(missing instanceof Error) && missing.length === 0) break;
      if (clock.now() > until) throw notMigrated(name, missing);
      if (!isTold) log.info("waiting for the migrations of its databases", { service: name });
      isTold = true;
      await delay(clock, lookMs);
    }
  }
}

/** Those of `wanted` that are not applied; none where this role may not know. */
async function missingOf(
  connection: ConnectionConfig,
  wanted: readonly string[],
): Promise<readonly string[]> {
  return withConnection(connection, "kerf/start", async (client) => {
    const { rows } = await client.query<{ may: boolean | null }>(
      "select has_table_privilege(to_regclass('public.kerf_migrations'), 'select') as may",
    );
    const may = rows[0]?.may;
    // Not there at all: the first run is still to come, which makes Kerf's own tables too.
    if (may === null || may === undefined) return wanted.length > 0 ? wanted : ["Kerf's tables"];
    if (!may) return [];
    const applied = await client.query<{ name: string }>("select name from public.kerf_migrations");
    const known = new Set(applied.rows.map(({ name }) => name));
    return wanted.filter((name) => !known.has(name));
  });
}

function connectionTo({ tls, ...place }: DatabaseBoot): ConnectionConfig {
  return { ...place, ...(tls === undefined ? undefined : { tls }) };
}

function notMigrated(service: string, missing: Error | readonly string[]): KerfError {
  return new KerfError("start_failed", {
    message: `The database of ${service} is not as its code needs it.`,
    why: missing instanceof Error ? missing.message : `Not applied: ${missing.join(", ")}.`,
    fix: "Run its migrations: the job or container of the export whose name ends in -migrate.",
  });
}
