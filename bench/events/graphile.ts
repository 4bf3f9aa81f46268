// graphile-worker as its documentation recommends for throughput: local queue and batched completion; the task writes one row.
import { Pool } from "pg";
import { peerDatabase } from "../harness/peer-database.ts";
import { requirePeer } from "../harness/require-peer.ts";

interface Job {
  readonly id: string;
  readonly n: number;
}
interface Graphile {
  readonly runMigrations: (options: object) => Promise<void>;
  readonly run: (options: object) => Promise<{ stop(): Promise<void> }>;
}
const { run, runMigrations } = requirePeer("graphile-worker") as Graphile;
const [connectionFile = "", count = "20000"] = process.argv.slice(2);
const total = Number(count);
const pool = new Pool({ ...(await peerDatabase(connectionFile, "graphile")), max: 10 });
await pool.query(
  "create table seen (id bigserial primary key, key text not null, payload jsonb not null)",
);
await runMigrations({ pgPool: pool });
await pool.query(
  `select graphile_worker.add_jobs(array(
    select json_populate_record(null::graphile_worker.job_spec,
      json_build_object('identifier', 'made', 'payload', json_build_object('id', 'k' || (n % 997), 'n', n)))
    from generate_series(1, $1) n))`,
  [total],
);
let applied = 0;
const done = Promise.withResolvers<void>();
const since = performance.now();
const runner = await run({
  pgPool: pool,
  noHandleSignals: true,
  concurrency: 10,
  preset: {
    worker: {
      localQueue: { size: 500 },
      completeJobBatchDelay: 0,
      failJobBatchDelay: 0,
      pollInterval: 100,
    },
  },
  taskList: {
    async made(
      payload: Job,
      helpers: { query(text: string, values: unknown[]): Promise<unknown> },
    ) {
      await helpers.query("insert into seen (key, payload) values ($1, $2)", [
        payload.id,
        JSON.stringify(payload),
      ]);
      applied += 1;
      if (applied === total) done.resolve();
    },
  },
  logger: undefined,
});
await done.promise;
const perSecond = total / ((performance.now() - since) / 1_000);
await runner.stop();
console.log(JSON.stringify({ perSecond }));
process.exit(0);
