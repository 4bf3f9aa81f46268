import { createRequire } from "node:module";
import type { DatabaseConnection, Dialect, Driver, Kysely, QueryExecutor } from "kysely";
import type { Session } from "../session.ts";
import { SessionConnection } from "./session-connection.ts";

const require = createRequire(import.meta.url);

interface Base {
  readonly kysely: typeof import("kysely");
  readonly executor: QueryExecutor;
  readonly dialect: Dialect;
  readonly driver: Driver;
}

let base: Base | undefined;

/**
 * Loads Kysely, which takes a hundred milliseconds and more (some 300 modules). It happens by itself at the first use; a host
 * calls this when it has time.
 */
export function loadKysely(): void {
  base ??= makeBase();
}

/** Kysely on a session. All instances share compiler and executor, so that making one costs about a microsecond. */
export function bindKysely<Tables>(session: Session): Kysely<Tables> {
  base ??= makeBase();
  const { kysely, executor, dialect, driver } = base;
  const connection = new SessionConnection(session);
  return new kysely.Kysely<Tables>({
    config: { dialect },
    dialect,
    driver,
    executor: executor.withConnectionProvider({
      provideConnection: (consumer) => consumer(connection),
    }),
  });
}

function makeBase(): Base {
  const kysely = require("kysely") as typeof import("kysely");
  const driver = new SessionDriver();
  const adapter = new kysely.PostgresAdapter();
  const compiler = new kysely.PostgresQueryCompiler();
  const dialect: Dialect = {
    createAdapter: () => adapter,
    createDriver: () => driver,
    createQueryCompiler: () => compiler,
    createIntrospector: (db) => new kysely.PostgresIntrospector(db),
  };
  const nowhere = {
    provideConnection: () => Promise.reject(new Error("This executor has no connection.")),
  };
  return {
    kysely,
    driver,
    dialect,
    executor: new kysely.DefaultQueryExecutor(compiler, adapter, nowhere),
  };
}

/** Kysely's transactions inside of a command are savepoints; connections come from the session, never from here. */
class SessionDriver implements Driver {
  async init(): Promise<void> {}

  acquireConnection(): Promise<DatabaseConnection> {
    return Promise.reject(new Error("Connections come from the session."));
  }

  async beginTransaction(
    connection: DatabaseConnection,
    settings: { isolationLevel?: string },
  ): Promise<void> {
    await (connection as SessionConnection).begin(settings);
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SessionConnection).session.commitInner();
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await (connection as SessionConnection).session.rollbackInner();
  }

  async savepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await (connection as SessionConnection).savepoint("savepoint", name);
  }

  async rollbackToSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await (connection as SessionConnection).savepoint("rollback to savepoint", name);
  }

  async releaseSavepoint(connection: DatabaseConnection, name: string): Promise<void> {
    await (connection as SessionConnection).savepoint("release savepoint", name);
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}
