import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedServer } from "@kerf/data/embedded";

/** A PostgreSQL of the benchmark's own, on disk and with fsync on, as `kerf dev` runs it; the same for ours and for peers. */
export interface BenchPostgres extends AsyncDisposable {
  /** A file that only we can read, with the administrator's connection as JSON, for the programs that are measured. */
  readonly connectionFile: string;
  readonly pid: number;
}

/** Starts one with room for every side's connections. */
export async function benchPostgres(): Promise<BenchPostgres> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-bench-"));
  const server = await EmbeddedServer.start({
    directory: join(directory, "server"),
    socketDirectory: join(directory, "s"),
    durable: true,
    settings: { max_connections: "200", shared_buffers: "256MB", max_wal_size: "4GB" },
  });
  const connectionFile = join(directory, "connection.json");
  await writeFile(connectionFile, JSON.stringify(server.database.admin()), { mode: 0o600 });
  return {
    connectionFile,
    pid: server.pid,
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
