import {
  commandRecordSchema,
  applySystemSchema,
  provisionService,
  ServiceDatabase,
} from "@kerf/data";
import { startTemporaryServer } from "@kerf/data/embedded";
import { contract, event } from "@kerf/contract";
import { type Clock, systemClock } from "@kerf/kernel";
import { z } from "zod";
import { consumerSchema } from "../consumers/schema.ts";
import { LogReader } from "../outbox/log-reader.ts";
import { appendStatement, Outbox } from "../outbox/outbox.ts";
import { eventSchema } from "../outbox/schema.ts";
import { readModelSchema } from "../read-model/schema.ts";
import { relaySchema } from "../relay/schema.ts";

/** A contract with one event. */
export const counters = contract("counters", {
  version: "1.0.0",
  operations: {},
  events: {
    counted: event({ schema: z.object({ name: z.string(), n: z.number() }), key: "name" }),
  },
});

/** A producer and a consumer with a database each, on a server of their own. */
export async function twoServices(clock: Clock = systemClock) {
  const temporary = await startTemporaryServer();
  const open = async (service: string) => {
    const passwords = { owner: "o", app: "a" };
    const provisioned = await provisionService(temporary.server.database, { service, passwords });
    const own = [
      {
        name: "own-0001",
        sql: "create table public.counter (name text primary key, n int not null default 0); create table public.seen (id bigint, name text, n int, at bigserial)",
      },
    ];
    await applySystemSchema(provisioned.owner, [
      ...commandRecordSchema,
      ...eventSchema,
      ...consumerSchema,
      ...readModelSchema,
      ...relaySchema,
      ...own,
    ]);
    const connect = (instance: string) =>
      new ServiceDatabase({
        connection: provisioned.app,
        service,
        instance,
        connections: 8,
        clock,
      });
    return { owner: provisioned.owner, connect, database: connect("i1") };
  };
  const [producer, consumer] = [await open("counters"), await open("watcher")];
  const reader = new LogReader(producer.database, clock);
  const outbox = new Outbox(counters, () => reader.nudge());
  return {
    temporary,
    producer,
    consumer,
    reader,
    outbox,
    /** Counts `name` up and emits what it became; commits when `hold` has ended, which begins once the event's id is drawn. */
    async count(name: string, hold?: () => Promise<void>): Promise<void> {
      const transaction = producer.database.transaction({ deadline: clock.now() + 20_000 });
      const emit = outbox.open(transaction, { trace: "", principal: undefined });
      try {
        const { rows } = await transaction.raw.query<{ n: number }>(
          `insert into counter as c (name, n) values ($1, 1)
            on conflict (name) do update set n = c.n + 1 returning n`,
          [name],
        );
        const payload = { name, n: rows[0]?.n };
        if (hold === undefined) emit["counted"]?.(payload);
        else {
          // The same statement, so that there is a time between it and COMMIT.
          const event = { name: "counted", key: name, version: 1, payload };
          const { text, values } = appendStatement([event], { trace: "", principal: undefined });
          await transaction.raw.query(text, values);
          await hold();
        }
        await transaction.commit();
      } finally {
        await transaction.rollback();
      }
    },
    async stop(): Promise<void> {
      await Promise.all([producer.database.close(), consumer.database.close()]);
      await temporary.stop();
    },
  };
}
