import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  type ClonedDatabase,
  type ConnectionConfig,
  serviceNames,
  TemplateDatabases,
} from "@kerf/data";
import {
  makeSpareDatabases,
  startTemporaryServer,
  type TemporaryServer,
} from "@kerf/data/embedded";
import { startNats, type TestBroker } from "@kerf/events/testing";
import { systemSchema } from "@kerf/service";
import { type ServiceName, services } from "../app/services.ts";
import pg from "pg";
import { setUpConnections } from "./set-up.ts";
import { Children } from "./children.ts";

/** What all runs share: a real PostgreSQL, migrated databases to copy, and processes. */
export class Bench {
  readonly children = new Children();
  readonly #server: TemporaryServer;
  readonly #templates: TemplateDatabases;
  #runs = 0;
  #nats: Promise<TestBroker> | undefined;
  #places = 0;

  private constructor(server: TemporaryServer) {
    this.#server = server;
    this.#templates = new TemplateDatabases(server.server.database, systemSchema);
  }

  static async open(): Promise<Bench> {
    return new Bench(await startTemporaryServer());
  }

  /** A directory of one run's own, for its sockets. */
  async directory(): Promise<string> {
    const directory = join(this.#server.directory, `r${++this.#runs}`);
    await mkdir(directory, { mode: 0o700 });
    return directory;
  }

  /** A place of one run's own in a NATS server, which all runs share. */
  async broker(): Promise<string> {
    const nats = await (this.#nats ??= startNats());
    return `${nats.url}/r${++this.#places}`;
  }

  get admin(): ConnectionConfig {
    return this.#server.server.database.admin();
  }

  /**
   * Databases of one run's own that its processes make, out of a spare when there is to be one; dropping them drops their roles as well.
   */
  async unmade(
    names: readonly ServiceName[],
    spare: boolean,
  ): Promise<Map<ServiceName, ClonedDatabase>> {
    if (spare) await makeSpareDatabases(this.#server.server.database, 1, systemSchema);
    const made = names.map((name): [ServiceName, ClonedDatabase] => {
      const { app, database, owner, second } = serviceNames(name);
      const statements = [
        `database if exists ${database} with (force)`,
        `role if exists ${second}, ${app}, ${owner}`,
      ];
      const drop = () => this.#run(statements.map((what) => `drop ${what}`));
      return [name, { ...setUpConnections(this.admin, name), drop }];
    });
    return new Map(made);
  }

  async #run(statements: readonly string[]): Promise<void> {
    const client = new pg.Client({ ...this.admin, ssl: false });
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  }

  /** Databases of one run's own. */
  async databases(names: readonly ServiceName[]): Promise<Map<ServiceName, ClonedDatabase>> {
    const clones = new Map<ServiceName, ClonedDatabase>();
    // One after the other: a database is copied only while nobody else copies the same.
    for (const name of names) {
      const { database } = services[name];
      if (database === undefined) continue;
      clones.set(name, await this.#templates.clone(name, database.migrations));
    }
    return clones;
  }

  async close(): Promise<void> {
    await this.children.end();
    await (await this.#nats)?.stop();
    await this.#templates.close();
    await this.#server.stop();
  }
}
