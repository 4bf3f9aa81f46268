import { withConnection } from "../connection.ts";
import { createHistory } from "../migrations/migrate.ts";
import type { DatabaseServer } from "../server.ts";
import { databaseGrants, idleInTransactionSeconds, layoutStatement } from "../service-layout.ts";
import { quoteIdentifier as id } from "../service-names.ts";
import { spareMark, spareNames } from "../spare-databases.ts";
import { applyWith, type SystemMigration } from "../system-schema.ts";

/**
 * Makes `count` spares on a server that has none. Each by itself and none as a copy of another: a log of events has an identity, which
 * two databases must not share. Needs the superuser.
 */
export async function makeSpareDatabases(
  server: DatabaseServer,
  count: number,
  systemSchema: readonly SystemMigration[],
): Promise<void> {
  const spares = Array.from({ length: count }, (_, index) => spareNames(index + 1));
  const mark = spareMark(systemSchema);
  await withConnection(server.admin(), "kerf/spares", async (admin) => {
    for (const { database, owner, app } of spares) {
      await admin.query(`
        create role ${id(owner)} nologin;
        create role ${id(app)} nologin;
        alter role ${id(app)} set idle_in_transaction_session_timeout = '${idleInTransactionSeconds}s'`);
      // Through the log it would be quicker, and the log would lie in every copy.
      await admin.query(
        `create database ${id(database)} owner ${id(owner)} template template0 strategy file_copy`,
      );
    }
  });
  for (const spare of spares) {
    await withConnection(server.admin(spare.database), "kerf/spares", async (client) => {
      await client.query(`set role ${id(spare.owner)}`);
      // First what decides who may use the tables that are made then.
      await client.query(databaseGrants(spare));
      await applyWith(client, systemSchema);
      await createHistory(client);
      await client.query(layoutStatement(spare.database, mark));
    });
  }
}
