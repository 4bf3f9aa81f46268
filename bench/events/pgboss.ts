// pg-boss with batches: one worker that fetches many jobs at once; its handler writes one row a job.
import { Pool } from "pg";
import { peerDatabase } from "../harness/peer-database.ts";
import { requirePeer } from "../harness/require-peer.ts";

interface Job {
  readonly data: { readonly id: string; readonly n: number };
}
interface Boss {
  on(event: "error", listener: (error: unknown) => void): void;
  start(): Promise<unknown>;
  createQueue(name: string): Promise<void>;
  insert(name: string, jobs: readonly object[]): Promise<unknown>;
  work(
    name: string,
    options: object,
    handler: (jobs: readonly Job[]) => Promise<void>,
  ): Promise<unknown>;
  stop(options: object): Promise<void>;
}
const { PgBoss } = requirePeer("pg-boss") as { PgBoss: new (options: object) => Boss };
const [connectionFile = "", count = "20000"] = process.argv.slice(2);
const total = Number(count);
const reached = await peerDatabase(connectionFile, "pgboss");
const pool = new Pool({ ...reached, max: 10 });
await pool.query(
  "create table seen (id bigserial primary key, key text not null, payload jsonb not null)",
);
const boss = new PgBoss({ ...reached, max: 10 });
boss.on("error", (error) => console.error(error));
await boss.start();
await boss.createQueue("made");
for (let i = 0; i < total; i += 1_000) {
  await boss.insert(
    "made",
    Array.from({ length: Math.min(1_000, total - i) }, (_, n) => ({
      data: { id: `k${(i + n) % 997}`, n: i + n },
    })),
  );
}
let applied = 0;
const done = Promise.withResolvers<void>();
const since = performance.now();
// Eight fetchers side by side, and no pause: the shortest that it allows is half a second.
for (let i = 0; i < 8; i += 1) {
  await boss.work("made", { batchSize: 200, pollingIntervalSeconds: 0.5 }, async (jobs) => {
    for (const { data } of jobs)
      await pool.query("insert into seen (key, payload) values ($1, $2)", [
        data.id,
        JSON.stringify(data),
      ]);
    applied += jobs.length;
    if (applied >= total) done.resolve();
  });
}
await done.promise;
const perSecond = total / ((performance.now() - since) / 1_000);
await boss.stop({ graceful: false });
console.log(JSON.stringify({ perSecond }));
process.exit(0);
