import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durablePeers, requireDurable } from "./durable-peers.ts";
import { freePort } from "kerf-tests/chaos/free-port";
import { measureSagas, sideOptions } from "./measure.ts";
import { temporalCli } from "./temporal-cli.ts";

const { Connection, Client } = requireDurable("@temporalio/client");
const { NativeConnection, Runtime, Worker, DefaultLogger } = requireDurable("@temporalio/worker");

/** Three activities that do nothing, one after the other. It is bundled, so it is a file, beside what it imports. */
const workflow = `
const { nothing } = require("@temporalio/workflow").proxyActivities({ startToCloseTimeout: "1 minute" });
exports.threeSteps = async () => {
  for (let step = 0; step < 3; step += 1) await nothing();
};
`;

const { seconds } = await sideOptions();
const data = await mkdtemp(join(tmpdir(), "kerf-bench-temporal-"));
const port = await freePort();
const server = spawn(
  await temporalCli((line) => console.error(line)),
  [
    "server",
    "start-dev",
    "--headless",
    "--log-level",
    "never",
    "--port",
    String(port),
    "--db-filename",
    join(data, "temporal.db"),
  ],
  { stdio: "ignore" },
);
const ended = once(server, "exit");
try {
  const workflowsPath = join(durablePeers, "node_modules", ".temporal", "workflow.cjs");
  await writeFile(workflowsPath, workflow);
  Runtime.install({ logger: new DefaultLogger("ERROR") });
  const address = `127.0.0.1:${port}`;
  const client = new Client({ connection: await connected(() => Connection.connect({ address })) });
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address }),
    taskQueue: "bench",
    workflowsPath,
    activities: { nothing: async () => {} },
  });
  const running: Promise<void> = worker.run();
  let count = 0;
  await measureSagas(
    () =>
      client.workflow.execute("threeSteps", {
        taskQueue: "bench",
        workflowId: `three-${(count += 1)}`,
      }),
    seconds,
  );
  worker.shutdown();
  await running;
} finally {
  server.kill("SIGKILL");
  await ended;
  await rm(data, { recursive: true, force: true });
}
process.exit();

/** Connects as soon as the server has come up, 60 s at most. */
async function connected(connect: () => Promise<unknown>): Promise<unknown> {
  const end = performance.now() + 60_000;
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}
