import { createHash, createHmac, randomBytes } from "node:crypto";
import type { ConnectionConfig } from "./connection.ts";
import { readMigrations } from "./migrations/directory.ts";
import { migrate } from "./migrations/migrate.ts";
import { isAlive } from "./process-alive.ts";
import { provisionService } from "./provision.ts";
import { QuietConnection } from "./quiet-connection.ts";
import type { DatabaseServer } from "./server.ts";
import type { SystemMigration } from "./system-schema.ts";
import { quoteIdentifier as id, quoteLiteral, serviceNames } from "./service-names.ts";

/** A database of a test's own. */
export interface ClonedDatabase {
  readonly app: ConnectionConfig;
  readonly owner: ConnectionConfig;
  /** Drops it, with whoever is still connected. Idempotent. */
  drop(): Promise<void>;
}

/**
 * Databases for tests: each service is provisioned and migrated once into a template, which is kept under the hash of its
 * migrations; every test gets a copy of it, in tens of milliseconds, with the roles and grants of production. Several processes
 * may share a server. Needs the superuser.
 */
export class TemplateDatabases {
  readonly #server: DatabaseServer;
  readonly #systemSchema: readonly SystemMigration[];
  readonly #templates = new Map<string, Promise<string>>();
  readonly #clones = new Set<ClonedDatabase>();
  #admin: Promise<Admin> | undefined;

  constructor(server: DatabaseServer, systemSchema: readonly SystemMigration[] = []) {
    this.#server = server;
    this.#systemSchema = systemSchema;
  }

  /** A copy of the service's migrated database. */
  async clone(service: string, migrations: string): Promise<ClonedDatabase> {
    const template = await this.#template(service, migrations);
    const { client, strategy } = await this.#connect();
    const { app, database } = serviceNames(service);
    const name = `kerf_clone_${process.pid}_${randomBytes(4).toString("hex")}_${database}`.slice(
      0,
      63,
    );
    await client.query(
      `create database ${id(name)} owner ${id(serviceNames(service).owner)} template ${id(template)} strategy ${strategy}`,
    );
    // Rights on the database itself are not copied; those inside of it are.
    await client.query(
      `revoke all on database ${id(name)} from public; grant connect on database ${id(name)} to ${id(app)}`,
    );
    const clone: ClonedDatabase = {
      ...this.#connections(service, name),
      drop: async () => {
        if (!this.#clones.delete(clone)) return;
        // Not left to FORCE, which ends them too, and then waits for them in steps of 100 ms.
        await client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
          [name],
        );
        await this.#untilNobodyIsConnected(client, name);
        await client.query(`drop database if exists ${id(name)} with (force)`);
      },
    };
    this.#clones.add(clone);
    return clone;
  }

  /** Drops what is left and disconnects. The templates stay for the next run. */
  async close(): Promise<void> {
    const admin = await this.#admin?.catch(() => undefined);
    if (admin === undefined) return;
    for (const clone of this.#clones) await clone.drop();
    this.#admin = undefined;
    await admin.client.end();
  }

  #template(service: string, migrations: string): Promise<string> {
    const key = `${service}\n${migrations}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      template = this.#makeTemplate(service, migrations);
      this.#templates.set(key, template);
      // A failure is told to whoever asked; the next one may try again.
      template.catch(() => this.#templates.delete(key));
    }
    return template;
  }

  async #makeTemplate(service: string, migrations: string): Promise<string> {
    const files = await readMigrations(migrations);
    const system = this.#systemSchema.map(({ name: step, sql }) => `${step} ${sql}`);
    const hash = createHash("sha256").update(
      [...system, ...files.map((file) => `${file.name} ${file.sha256}`)].join("\n"),
    );
    const name =
      `kerf_template_${hash.digest("hex").slice(0, 8)}_${serviceNames(service).database}`.slice(
        0,
        63,
      );
    const { client } = await this.#connect();
    const { rows } = await client.query<{ datistemplate: boolean }>(
      "select datistemplate from pg_database where datname = $1",
      [name],
    );
    const { owner, app } = this.#connections(service, name);
    const passwords = { owner: owner.password, app: app.password };
    // Many clones at once share the roles; their number bounds nothing in tests.
    await provisionService(this.#server, {
      service,
      passwords,
      database: name,
      connections: { owner: -1, app: -1 },
    });
    if (rows[0]?.datistemplate === true) return name;
    await migrate(owner, migrations, this.#systemSchema);
    await client.query(`alter database ${id(name)} is_template true`);
    await this.#untilNobodyIsConnected(client, name);
    return name;
  }

  /** A database is copied and dropped only while nobody is connected, and PostgreSQL waits in steps of 100 ms for the last to leave. */
  async #untilNobodyIsConnected(client: QuietConnection, name: string): Promise<void> {
    await client.query(`do $$ begin
      for i in 1..500 loop
        perform pg_stat_clear_snapshot();
        exit when not exists (select from pg_stat_activity where datname = ${quoteLiteral(name)});
        perform pg_sleep(0.002);
      end loop;
    end $$`);
  }

  #connections(
    service: string,
    database: string,
  ): { app: ConnectionConfig; owner: ConnectionConfig } {
    const names = serviceNames(service);
    return {
      app: this.#server.connection(database, names.app, this.#password(names.app)),
      owner: this.#server.connection(database, names.owner, this.#password(names.owner)),
    };
  }

  /** Derived, so that processes which share the server agree on it without a file. */
  #password(role: string): string {
    return createHmac("sha256", this.#server.admin().password)
      .update(`kerf test role ${role}`)
      .digest("base64url");
  }

  #connect(): Promise<Admin> {
    this.#admin ??= connectAdmin(this.#server.admin());
    return this.#admin;
  }
}

interface Admin {
  readonly client: QuietConnection;
  readonly strategy: string;
}

async function connectAdmin(config: ConnectionConfig): Promise<Admin> {
  // Kept for the next test, if there is one.
  const client = await QuietConnection.open(config, "kerf/templates");
  const { rows } = await client.query<{ fsync: string }>("show fsync");
  await dropLeftOvers(client);
  // Copying files costs two checkpoints, which are cheap only where nothing is forced to the disk.
  return { client, strategy: rows[0]?.fsync === "off" ? "file_copy" : "wal_log" };
}

/** Clones of processes that died before they could drop them. */
async function dropLeftOvers(client: QuietConnection): Promise<void> {
  const { rows } = await client.query<{ name: string; pid: string }>(
    "select datname as name, split_part(datname, '_', 3) as pid from pg_database where datname like 'kerf\\_clone\\_%'",
  );
  for (const { name, pid } of rows) {
    if (!isAlive(Number(pid)))
      await client.query(`drop database if exists ${id(name)} with (force)`);
  }
}
