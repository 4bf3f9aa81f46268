import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { provisionService, applySystemSchema, type ConnectionConfig } from "@kerf/data";
import { EmbeddedServer } from "@kerf/data/embedded";
import { sagaSchema } from "@kerf/saga";

/** One PostgreSQL for all sides, with a database for each, as the platform starts it: every commit is on the disk. */
export interface DurableServer {
  readonly kerf: ConnectionConfig;
  /** The administrator: DBOS makes its own database. */
  readonly admin: ConnectionConfig;
  stop(): Promise<void>;
}

/** Starts it on a disk; a directory in memory would make every commit free. */
export async function startDurableServer(): Promise<DurableServer> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-bench-"));
  const server = await EmbeddedServer.start({
    directory: join(directory, "server"),
    socketDirectory: join(directory, "s"),
  });
  const { owner, app } = await provisionService(server.database, {
    service: "bench",
    passwords: { owner: "owner", app: "app" },
    connections: { owner: -1, app: -1 },
  });
  await applySystemSchema(owner, sagaSchema);
  return {
    kerf: app,
    admin: server.database.admin(),
    async stop() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
