import type { Client } from "pg";

/** How many templates stay; each is 8 MB and stands for one state of one service's migrations. */
const kept = 64;

/** Drops the oldest templates beyond the bound: every edit of a migration makes another one. */
export async function dropOldTemplates(client: Client): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    "select quote_ident(datname) as name from pg_database where datname like 'kerf\\_template\\_%' order by oid desc offset $1",
    [kept],
  );
  for (const { name } of rows) {
    await client.query(`alter database ${name} is_template false`);
    await client.query(`drop database if exists ${name} with (force)`);
  }
}
