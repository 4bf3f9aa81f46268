import { readFile } from "node:fs/promises";
import type { ConnectionConfig } from "@kerf/data";
import { clientConfig } from "@kerf/data";
import { Client } from "pg";
import type { ServerDirectory } from "./server-directory.ts";

// Advisory locks of the database `postgres`; they go with the connection, and the connection with the process, however it ends.
/** Shared: "I use this server". Exclusive: "nobody does, and nobody may begin". */
export const leaseKey = 7_316_001;
/** Exclusive: "I stop this server when nobody uses it any more". */
export const keeperKey = 7_316_002;

/** A process's hold on the shared server: for as long as its connection lives, the server does. */
export interface Lease {
  readonly connection: ConnectionConfig;
  /** Whether somebody will stop the server when it is no longer used. */
  isKept(): Promise<boolean>;
  release(): Promise<void>;
}

/** What came of asking for a lease; `stopping`: the server answers, but not for long. */
export type LeaseAnswer = Lease | "absent" | "stopping";

/** Asks the server of `directory` for a lease. The lease does not keep the process alive. */
export async function askForLease(directory: ServerDirectory): Promise<LeaseAnswer> {
  const text = await readFile(directory.connection, "utf8").catch(() => undefined);
  if (text === undefined) return "absent";
  const connection = JSON.parse(text) as ConnectionConfig;
  const client = await connect(connection, "kerf/test-lease");
  if (client === undefined) return "absent";
  try {
    const { rows } = await client.query<{ leased: boolean }>(
      "select pg_try_advisory_lock_shared($1) as leased",
      [leaseKey],
    );
    if (rows[0]?.leased === true) return leaseOn(client, connection);
  } catch {
    // It went away under the question.
  }
  await client.end().catch(() => undefined);
  return "stopping";
}

/** The driver's client with what its types leave out. */
export type RefClient = Client & { ref(): void; unref(): void };

/** A connection of the superuser; undefined when nothing answers. */
export async function connect(
  connection: ConnectionConfig,
  name: string,
): Promise<RefClient | undefined> {
  const client = new Client(clientConfig(connection, name)) as RefClient;
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch {
    return undefined;
  }
}

function leaseOn(client: RefClient, connection: ConnectionConfig): Lease {
  // A test file that is done ends, whoever forgot to give what back.
  client.unref();
  return {
    connection,
    async isKept() {
      client.ref();
      try {
        const { rows } = await client.query(
          "select from pg_locks where locktype = 'advisory' and granted and objsubid = 1 and objid = $1",
          [keeperKey],
        );
        return rows.length > 0;
      } finally {
        client.unref();
      }
    },
    release: () => client.end(),
  };
}
