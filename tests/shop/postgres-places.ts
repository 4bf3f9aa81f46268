import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Where an embedded server of a home listens. */
export interface PostgresPlace {
  host: string;
  port: number;
  pid: number;
}

/** The embedded servers of a home, from what PostgreSQL itself writes into its data directory. */
export async function postgresServers(home: string): Promise<Record<string, PostgresPlace>> {
  const places: Record<string, PostgresPlace> = {};
  for (const server of await readdir(join(home, "postgres"))) {
    // Lines of postmaster.pid: pid, data directory, start time, port, socket directory, …
    const lines = (
      await readFile(join(home, "postgres", server, "data", "postmaster.pid"), "utf8")
    ).split("\n");
    places[server] = { pid: Number(lines[0]), port: Number(lines[3]), host: lines[4] ?? "" };
  }
  return places;
}
