import { readFile } from "node:fs/promises";
import { type ConnectionConfig, DatabaseServer } from "@kerf/data";
import { Client } from "pg";

/** How a program that is measured reaches its database. */
export interface Reached {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** The server of the benchmark. */
export async function benchServer(connectionFile: string): Promise<DatabaseServer> {
  return new DatabaseServer(
    "main",
    JSON.parse(await readFile(connectionFile, "utf8")) as ConnectionConfig,
  );
}

/** A new database for a peer, as its administrator. */
export async function peerDatabase(connectionFile: string, name: string): Promise<Reached> {
  const server = await benchServer(connectionFile);
  const database = `${name}_${process.pid}`;
  const client = new Client(server.admin());
  await client.connect();
  await client.query(`create database ${database}`);
  await client.end();
  return server.admin(database) as Reached;
}

/** The same as a URL, as peers want it. */
export function urlOf({ host, port, user, password, database }: Reached): string {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  return `postgresql://${credentials}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`;
}
