// A handler that writes one row for each event, from the log of another service, end to end: events a second.
import {
  applySystemSchema,
  commandRecordSchema,
  provisionService,
  ServiceDatabase,
} from "@kerf/data";
import { contract, event } from "@kerf/contract";
import {
  Consumer,
  consumerSchema,
  eventSchema,
  LogReader,
  Outbox,
  readModelSchema,
} from "@kerf/events";
import { z } from "zod";
import { parts } from "../harness/kerf-parts.ts";
import { benchServer } from "../harness/peer-database.ts";

const [connectionFile = "", count = "20000"] = process.argv.slice(2);
const { clock, random, log } = parts;
const server = await benchServer(connectionFile);

async function service(name: string, own: string) {
  const provisioned = await provisionService(server, {
    service: `${name}-${process.pid}`,
    passwords: { owner: "owner", app: "app" },
    connections: { owner: -1, app: -1 },
  });
  await applySystemSchema(provisioned.owner, [
    ...commandRecordSchema,
    ...eventSchema,
    ...consumerSchema,
    ...readModelSchema,
    { name: "own-0001", sql: own },
  ]);
  return new ServiceDatabase({
    connection: provisioned.app,
    service: name,
    instance: "bench",
    connections: 10,
    clock,
  });
}

const producer = await service("produce", "select 1");
const consumerDatabase = await service(
  "consume",
  "create table public.seen (id bigserial primary key, key text not null, payload jsonb not null)",
);
const jobs = contract("jobs", {
  version: "1.0.0",
  operations: {},
  events: { made: event({ schema: z.object({ id: z.string(), n: z.int() }), key: "id" }) },
});
const reader = new LogReader(producer, clock);
const outbox = new Outbox(jobs, () => reader.nudge());
const total = Number(count);
for (let i = 0; i < total; i += 1_000) {
  await producer.inTransaction(clock.now() + 10_000, async (transaction) => {
    const emit = outbox.open(transaction, { trace: "", principal: undefined });
    for (let n = i; n < Math.min(i + 1_000, total); n += 1)
      emit["made"]?.({ id: `k${n % 997}`, n });
  });
}

let applied = 0;
const done = Promise.withResolvers<void>();
const consumer = new Consumer({
  service: "consume",
  instance: "bench",
  producer: "jobs",
  from: "beginning",
  read: (request, signal) => reader.read(request, signal),
  database: consumerDatabase,
  async apply(each, { raw }) {
    await raw.query("insert into seen (key, payload) values ($1, $2)", [
      each.key,
      JSON.stringify(each.payload),
    ]);
    applied += 1;
    if (applied === total) done.resolve();
  },
  clock,
  random,
  log,
});
const since = performance.now();
consumer.start();
await done.promise;
await consumer.stop();
const perSecond = total / ((performance.now() - since) / 1_000);
const { rows } = await consumerDatabase
  .reads({ deadline: clock.now() + 10_000 })
  .raw.query("select count(*)::int as n from seen");
if (rows[0].n !== total) throw new Error(`${rows[0].n} of ${total} rows`);
await Promise.all([producer.close(), consumerDatabase.close()]);
console.log(JSON.stringify({ perSecond }));
