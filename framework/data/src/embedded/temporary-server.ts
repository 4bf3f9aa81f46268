import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { EmbeddedServer } from "./embedded-server.ts";
import { quickestDirectory } from "./quickest-directory.ts";
import type { ServerSettings } from "./settings.ts";

/** A server for tests, gone with all its data when it is stopped. */
export interface TemporaryServer {
  readonly server: EmbeddedServer;
  /** Holds the server's files, and whatever else should be gone with it. */
  readonly directory: string;
  /** Stops it and deletes its data. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Reads the pid when it is needed: by then another process may have that of the start. What a start that was broken off has still under
 * way (a copy of a cluster, a server without its pid file) comes to light in the next round: 50 of them, 10 seconds.
 */
const guard = `read -r _
rounds=50
while [ -e "$1" ] && [ $rounds -gt 0 ]; do
  pid=$(head -n 1 "$1/server/data/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid"
  rm -rf "$1"
  rounds=$((rounds - 1))
  sleep 0.2
done`;

/**
 * Starts a server in a temporary directory, without durability. It ends with this process at the latest, even when that is killed:
 * a shell waits for the end of a pipe that only we hold.
 */
export async function startTemporaryServer(
  settings: ServerSettings = {},
): Promise<TemporaryServer> {
  const directory = await mkdtemp(join(await quickestDirectory(), "kerf-pg-"));
  // Before the server: whoever is killed while it starts leaves neither a server nor files.
  const guardian = spawn("/bin/sh", ["-c", guard, "kerf-guardian", directory], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  guardian.unref();
  try {
    const server = await EmbeddedServer.start({
      directory: join(directory, "server"),
      socketDirectory: join(directory, "s"),
      durable: false,
      ...settings,
      // An autovacuum worker in a template would hold up the next copy of it.
      settings: {
        autovacuum: "off",
        max_wal_size: "64MB",
        // In its own directory, so that nothing is left in the system's when it is killed.
        dynamic_shared_memory_type: "mmap",
        ...settings.settings,
      },
    });
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
      guardian.kill("SIGKILL");
    };
    return { server, directory, stop: () => (stopped ??= stop()) };
  } catch (error) {
    // It may run for all that: the guardian ends it and clears away.
    guardian.stdin.end();
    await once(guardian, "exit");
    throw error;
  }
}
