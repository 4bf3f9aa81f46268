// pg-boss with its batches on: what is sent is inserted a hundred at a time, fetched and completed two hundred at a time, without a pause
// while batches are full. Prints jobs per second as JSON. Argument: jobs.
import { clientConfig } from "@kerf/data";
import { type PeerPg, requirePeer } from "../harness/require-peer.ts";
import { DurableServer } from "./durable-server.ts";
import { handledTable, measure, payloadOf, perSend } from "./handling.ts";

interface Job {
  readonly data: ReturnType<typeof payloadOf>;
}
const { PgBoss } = requirePeer("pg-boss") as {
  PgBoss: new (options: object) => {
    on(event: "error", listener: (error: Error) => void): void;
    start(): Promise<unknown>;
    stop(options: object): Promise<void>;
    createQueue(name: string): Promise<void>;
    insert(name: string, jobs: readonly Job[]): Promise<unknown>;
    work(
      name: string,
      options: object,
      handler: (jobs: readonly Job[]) => Promise<void>,
    ): Promise<string>;
  };
};
const { Pool } = requirePeer("pg") as PeerPg;

const server = await DurableServer.start();
try {
  const owner = server.administrator(await server.provision("handling", handledTable));
  const own = new Pool({ ...clientConfig(owner, "handler"), max: 4 });
  const boss = new PgBoss({ ...clientConfig(owner, "pg-boss"), max: 4 });
  boss.on("error", (error) => console.error(error));
  await boss.start();
  await boss.createQueue("placed");
  await boss.work(
    "placed",
    { batchSize: 200, localConcurrency: 2, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
    async (jobs) => {
      await Promise.all(
        jobs.map(({ data: { id, quantity } }) =>
          own.query("insert into handled (id, quantity) values ($1, $2)", [id, quantity]),
        ),
      );
    },
  );
  const perSecond = await measure(owner, Number(process.argv[2]), async (from) => {
    const jobs = Array.from({ length: perSend }, (_, n) => ({ data: payloadOf(from + n) }));
    await boss.insert("placed", jobs);
  });
  console.log(JSON.stringify({ perSecond }));
  await boss.stop({ graceful: false });
  await own.end();
} finally {
  await server.stop();
}
