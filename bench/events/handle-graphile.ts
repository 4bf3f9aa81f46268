// graphile-worker with its batches on, as its documentation on performance says: a local queue, and completions put together. Prints jobs
// per second as JSON. Argument: jobs.
import { clientConfig } from "@kerf/data";
import { type PeerPg, requirePeer } from "../harness/require-peer.ts";
import { DurableServer } from "./durable-server.ts";
import { handledTable, measure, payloadOf, perSend } from "./handling.ts";

type Payload = ReturnType<typeof payloadOf>;
const graphile = requirePeer("graphile-worker") as {
  run(options: object): Promise<{ stop(): Promise<void> }>;
  makeWorkerUtils(options: object): Promise<{
    addJobs(jobs: readonly { identifier: string; payload: Payload }[]): Promise<unknown>;
    release(): Promise<void>;
  }>;
  Logger: new (factory: () => (level: string, message: string) => void) => object;
};
const { Pool } = requirePeer("pg") as PeerPg;

const server = await DurableServer.start();
try {
  const owner = server.administrator(await server.provision("handling", handledTable));
  const own = new Pool({ ...clientConfig(owner, "handler"), max: 4 });
  const pgPool = new Pool({ ...clientConfig(owner, "graphile-worker"), max: 6 });
  pgPool.on("error", console.error);
  pgPool.on("connect", (client) => client.on("error", console.error));
  const logger = new graphile.Logger(() => (level, message) => {
    if (level === "error") console.error(message);
  });
  const runner = await graphile.run({
    pgPool,
    logger,
    noHandleSignals: true,
    preset: {
      worker: {
        concurrentJobs: 24,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
      },
    },
    taskList: {
      placed: async ({ id, quantity }: Payload) => {
        await own.query("insert into handled (id, quantity) values ($1, $2)", [id, quantity]);
      },
    },
  });
  const sender = await graphile.makeWorkerUtils({ pgPool, logger });
  const perSecond = await measure(owner, Number(process.argv[2]), async (from) => {
    await sender.addJobs(
      Array.from({ length: perSend }, (_, n) => ({
        identifier: "placed",
        payload: payloadOf(from + n),
      })),
    );
  });
  console.log(JSON.stringify({ perSecond }));
  await runner.stop();
  await sender.release();
  await pgPool.end();
  await own.end();
} finally {
  await server.stop();
}
