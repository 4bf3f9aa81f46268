import { createHash } from "node:crypto";
import type { Client } from "pg";
import { databaseGrants } from "./service-layout.ts";
import { quoteIdentifier as id, type ServiceNames } from "./service-names.ts";
import type { SystemMigration } from "./system-schema.ts";

/**
 * A database that is there before a service asks for one: with its two roles, which cannot log in, the grants and the platform's own tables.
 * Giving it to a service is a rename, where making one writes some 8 MB and as much again to the log.
 */
export type SpareDatabase = Pick<ServiceNames, "database" | "owner" | "app">;

/** The names of a spare; the hyphens keep them apart from those of every service. */
export function spareNames(number: number): SpareDatabase {
  const database = `kerf-spare-${number}`;
  return { database, owner: `${database}_owner`, app: `${database}_app` };
}

/** What a spare's comment says, written last: it is whole, and made as this version of Kerf makes a database. */
export function spareMark(systemSchema: readonly SystemMigration[]): string {
  const hash = createHash("sha256");
  for (const { name, sql } of systemSchema) hash.update(`${name} ${sql}\n`);
  hash.update(databaseGrants({ database: "", app: "" }));
  return `kerf spare: ${hash.digest("hex").slice(0, 12)}`;
}

/** The spares that are left on a server and bear this mark; not those that somebody is looking into, which cannot be renamed. */
export async function findSpares(admin: Client, mark: string): Promise<SpareDatabase[]> {
  const { rows } = await admin.query<{ number: string }>(
    `select substr(d.datname, length('kerf-spare-') + 1) as number from pg_database d
       where d.datname ~ '^kerf-spare-[0-9]+$' and shobj_description(d.oid, 'pg_database') = $1
         and not exists (select from pg_stat_activity a where a.datid = d.oid and a.backend_type = 'client backend')
       order by d.oid`,
    [mark],
  );
  return rows.map(({ number }) => spareNames(Number(number)));
}

/** Gives a spare the names of a service; part of one transaction with all that makes it that service's. */
export function renameStatements(spare: SpareDatabase, names: ServiceNames): string[] {
  return [
    `alter database ${id(spare.database)} rename to ${id(names.database)}`,
    renameRole(spare.owner, names.owner),
    renameRole(spare.app, names.app),
  ];
}

function renameRole(from: string, to: string): string {
  return `alter role ${id(from)} rename to ${id(to)}`;
}
