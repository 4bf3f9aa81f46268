import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { postgresServers } from "./postgres-places.ts";

/** Bound of one statement, milliseconds. */
const statementMs = 15_000;

/** A connection to the database of one of the shop's services, as its owner. */
export async function openServiceDatabase(home: string, service: string): Promise<pg.Client> {
  const passwords = JSON.parse(
    await readFile(join(home, "keys", "databases.json"), "utf8"),
  ) as Record<string, { owner: string }>;
  const places = await postgresServers(home);
  const client = new pg.Client({
    ...(service === "payments" ? places["payments"] : places["main"]),
    database: service,
    user: `${service}_owner`,
    password: passwords[service]?.owner ?? "",
    connectionTimeoutMillis: 5_000,
    query_timeout: statementMs,
    statement_timeout: statementMs,
  });
  // A server that is killed tells so here too; the statement that is under way fails with it.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}
