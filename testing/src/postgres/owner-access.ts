import { clientConfig, type ConnectionConfig, type Kysely } from "@kerf/data";
import { Kysely as KyselyClass, PostgresDialect } from "kysely";
import { Pool } from "pg";

/** A service's database in the hands of a test: as its owner, each statement for itself unless a transaction is asked for. */
export interface OwnerAccess<Tables> {
  readonly db: Kysely<Tables>;
  readonly raw: Pool;
  close(): Promise<void>;
}

/** Connects when first used. */
export function ownerAccess<Tables>(connection: ConnectionConfig): OwnerAccess<Tables> {
  const raw = new Pool({
    ...clientConfig(connection, "kerf/test"),
    max: 4,
    allowExitOnIdle: true,
  });
  // A connection that is cut when the database goes is of no interest to anybody.
  raw.on("error", () => undefined);
  const db = new KyselyClass<Tables>({ dialect: new PostgresDialect({ pool: raw }) });
  return { db, raw, close: () => raw.end() };
}
