import { createRequire } from "node:module";
import { clientConfig, type ConnectionConfig, type Kysely } from "@kerf/data";
import type { Pool } from "pg";

const require = createRequire(import.meta.url);

/**
 * A service's database in the hands of a test: as its owner, each statement for itself unless a transaction is asked for. Driver
 * and Kysely are loaded, and a connection is made, when first used.
 */
export class OwnerAccess<Tables> {
  readonly #connection: ConnectionConfig;
  #pool: Pool | undefined;
  #db: Kysely<Tables> | undefined;

  constructor(connection: ConnectionConfig) {
    this.#connection = connection;
  }

  get db(): Kysely<Tables> {
    if (this.#db === undefined) {
      const { Kysely, PostgresDialect } = require("kysely") as typeof import("kysely");
      this.#db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.raw }) });
    }
    return this.#db;
  }

  get raw(): Pool {
    if (this.#pool === undefined) {
      const { Pool } = require("pg") as typeof import("pg");
      const config = clientConfig(this.#connection, "kerf/test");
      this.#pool = new Pool({ ...config, max: 4, allowExitOnIdle: true });
      // A connection that is cut when the database goes is of no interest to anybody.
      this.#pool.on("error", () => undefined);
    }
    return this.#pool;
  }

  async close(): Promise<void> {
    await this.#pool?.end();
  }
}
