import { mkdtemp, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MigrationBoot, SelfContainedBoot } from "@kerf/call";
import {
  changeText,
  type ConnectionConfig,
  DatabaseServer,
  migrate,
  provisionService,
  serviceNames,
  tryMigrations,
  withConnection,
} from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import { buildFiles } from "../build/descriptor.ts";
import { systemSchema } from "../system-schema.ts";
import { loadUnit } from "./load-unit.ts";

/** Connections that the role of a service may hold when nobody says: copies come and go without anybody who counts them. */
const appConnections = 64;

/**
 * Brings the databases of services to where their code needs them, and ends: what runs before a release does, where no platform migrates. With an administrator's
 * URL a database and its roles are made when they are missing, and migrations that would hurt the release that still runs are refused. Throws what is wrong with the
 * first that cannot be; running it again goes on.
 */
export async function migrateDatabases(
  boot: SelfContainedBoot,
  urls: Readonly<Record<string, MigrationBoot>>,
  log: Logger,
): Promise<void> {
  // Of an image: its sidecar keeps events there, whose tables are Kerf's; of its own it has none.
  const none = boot.image && (await mkdtemp(join(tmpdir(), "kerf-no-migrations-")));
  try {
    for (const [service, url] of Object.entries(urls))
      await migrateOne(service, url, none ?? (await migrationsOf(boot, service)), log);
  } finally {
    if (none !== undefined) await rmdir(none);
  }
}

async function migrateOne(
  service: string,
  url: MigrationBoot,
  directory: string,
  log: Logger,
): Promise<void> {
  const owner = DatabaseServer.fromUrl(url.owner).admin();
  if (url.admin !== undefined) await prepare(service, directory, url, owner);
  const { applied, before } = await migrate(owner, directory, systemSchema, { ahead: "allowed" });
  if (url.app !== undefined) await showHistory(owner, DatabaseServer.fromUrl(url.app).admin().user);
  log.info("the database is as its service needs it", { service, applied, before });
}

/** Lets instances see how far their database is: they wait for it when they start. */
async function showHistory(owner: ConnectionConfig, role: string): Promise<void> {
  const grant = `grant select on public.kerf_migrations to "${role.replaceAll('"', '""')}"`;
  await withConnection(owner, "kerf/migrate", (client) => client.query(grant));
}

async function migrationsOf(boot: SelfContainedBoot, service: string): Promise<string> {
  const build = boot.builds?.[service];
  if (build !== undefined) return join(build, buildFiles.migrations);
  const [loaded] = await loadUnit({ ...boot, services: [service] });
  const directory = loaded?.database?.migrations;
  if (directory !== undefined) return directory;
  throw new KerfError("invalid_configuration", {
    message: `The service ${service} has no database to migrate.`,
    fix: "Take it out of `migrate` in the boot document.",
  });
}

/** Makes what is missing, then tries on an empty database whether what is new would hurt code that still runs. */
async function prepare(
  service: string,
  directory: string,
  { admin, app }: MigrationBoot,
  owner: ConnectionConfig,
): Promise<void> {
  const server = DatabaseServer.fromUrl(admin ?? "");
  const role = DatabaseServer.fromUrl(app ?? "").admin();
  const names = serviceNames(service);
  const isOurs =
    owner.user === names.owner &&
    role.user === names.app &&
    [owner, role].every(({ database }) => database === names.database);
  if (!isOurs) {
    throw new KerfError("invalid_configuration", {
      message: `The URLs of ${service} name other roles, or another database, than are made for it.`,
      why: `They are made as ${names.owner} and ${names.app} of the database ${names.database}.`,
      fix: "Name those in the URLs; or make your own yourself, and leave the administrator's URL out.",
    });
  }
  const { created } = await provisionService(
    server,
    {
      service,
      passwords: { owner: owner.password, app: role.password },
      connections: { app: appConnections },
    },
    { systemSchema },
  );
  if (created) return;
  const { changes } = await tryMigrations(server, { service, owner, directory, systemSchema });
  const hurting = changes.filter(({ verdict }) => verdict === "incompatible");
  if (hurting.length === 0) return;
  throw new KerfError("migration_failed", {
    message: `The migrations of ${service} would hurt the release that still runs: ${hurting.map(changeText).join("; ")}`,
    why: "Both releases work with these tables while one takes the place of the other.",
    fix: "Add first, and take away in a release after the one that no longer uses it: docs/guides/deploying.md.",
  });
}
