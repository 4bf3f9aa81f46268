// Boundary: the program that keeps the PostgreSQL server of the tests, started by path (`@kerf/testing/postgres-keeper FOLDER PID`).
// It starts the server, and stops it and itself once no process holds a lease, however the last one ended, and no test command is
// left that could bring another.
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as wait } from "node:timers/promises";
import { EmbeddedServer } from "@kerf/data/embedded";
import { describeError } from "@kerf/kernel";
import type { Client } from "pg";
import { connect, keeperKey, leaseKey } from "./lease.ts";
import { LivingRuns } from "./living-runs.ts";
import { removeOldServers } from "./old-servers.ts";
import { dropOldTemplates } from "./old-templates.ts";
import { type ServerDirectory, serverDirectory } from "./server-directory.ts";

/** How soon after the last user the server stops, milliseconds. */
const pollMs = 100;
/** How long it stays for test commands that live on without using it (watch modes), milliseconds; a start costs 300. */
const idleMs = 30_000;

const [, , path = "", starter = ""] = process.argv;
try {
  await keep(serverDirectory(path), Number(starter));
  process.exit(0);
} catch (thrown) {
  console.error(describeError(thrown));
  process.exit(1);
}

async function keep(directory: ServerDirectory, starterPid: number): Promise<void> {
  const server = await EmbeddedServer.start({
    directory: directory.server,
    socketDirectory: directory.socket,
    durable: false,
    settings: {
      // An autovacuum worker in a template would hold up the next copy of it.
      autovacuum: "off",
      max_wal_size: "64MB",
      // In its own directory, so that nothing is left in the system's when it is killed.
      dynamic_shared_memory_type: "mmap",
    },
    maxConnections: 500,
  });
  const client = await connect(server.database.admin(), "kerf/test-keeper");
  if (client === undefined || !(await tryLock(client, keeperKey))) return;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => void server.stop().then(() => process.exit(0)));
  }
  await dropOldTemplates(client);
  await publish(directory, server);
  // What cannot be removed now is left to the next one.
  void removeOldServers(directory).catch(() => undefined);
  if (await untilUnused(client, new LivingRuns(directory.runs, starterPid))) {
    await rm(directory.connection, { force: true });
    await server.stop();
  }
}

/** True once nobody uses the server and nobody can begin to; false when it is gone. */
async function untilUnused(client: Client, runs: LivingRuns): Promise<boolean> {
  let idleSince = performance.now();
  try {
    for (;;) {
      if (await tryLock(client, leaseKey)) {
        const idle = performance.now() - idleSince;
        if (idle > idleMs || !(await runs.any())) return true;
        await client.query("select pg_advisory_unlock($1)", [leaseKey]);
      } else idleSince = performance.now();
      await wait(pollMs);
    }
  } catch {
    return false;
  }
}

async function tryLock(client: Client, key: number): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    "select pg_try_advisory_lock($1) as locked",
    [key],
  );
  return rows[0]?.locked === true;
}

/** Says how to connect; appears whole or not at all. */
async function publish(directory: ServerDirectory, server: EmbeddedServer): Promise<void> {
  const unfinished = `${directory.connection}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(server.database.admin()), { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, directory.connection);
}
