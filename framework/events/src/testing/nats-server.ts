import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { engineCache } from "./engine-cache.ts";
import type { TestBroker } from "./test-broker.ts";

export const natsFile = "nats-2.12.1/nats-server";
const program = join(engineCache, natsFile);
/** How long a start may take, milliseconds. */
const startMs = 20_000;

/** Starts a NATS server of its own with JetStream on an ephemeral port. `more`: what else its configuration says, asked for at every start. */
export async function startNats(more: () => string = () => ""): Promise<TestBroker> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-nats-"));
  const store = join(directory, "store");
  // The first start chooses a port, later ones come back on it.
  let port = -1;
  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    const config = join(directory, "nats.conf");
    await writeFile(
      config,
      `listen: "127.0.0.1:${port}"\nports_file_dir: "${directory}"\njetstream { store_dir: "${store}" }\n${more()}`,
    );
    server = spawn(program, ["-c", config], { stdio: "ignore" });
    port = await portOf(directory, server);
  };
  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => server?.once("exit", resolve));
    server?.kill("SIGKILL");
    await ended;
  };
  await start();
  return {
    get url() {
      return `nats://127.0.0.1:${port}`;
    },
    get pid() {
      return server?.pid ?? -1;
    },
    kill,
    start,
    wipe: () => rm(store, { recursive: true, force: true }),
    async stop() {
      await kill();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The port that the server has written down, once it has. */
async function portOf(directory: string, server: ChildProcess): Promise<number> {
  const file = join(directory, `nats-server_${server.pid}.ports`);
  const end = performance.now() + startMs;
  for (;;) {
    const text = await readFile(file, "utf8").catch(() => undefined);
    const address = text?.match(/(?:nats|tls):\/\/127\.0\.0\.1:(\d+)/);
    if (address !== null && address !== undefined) return Number(address[1]);
    if (server.exitCode !== null || performance.now() > end) {
      throw new Error("the NATS server did not start");
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
