// A relay that publishes a full log: to a broker that acknowledges everything at once and keeps nothing, or to JetStream. Prints events
// per second of each round as JSON. Arguments: connection file, rounds, events, "null" or the broker's URL.
import {
  applySystemSchema,
  commandRecordSchema,
  provisionService,
  ServiceDatabase,
} from "@kerf/data";
import { type Broker, eventSchema, LogReader, openBroker, Relay, relaySchema } from "@kerf/events";
import { parts } from "../harness/kerf-parts.ts";
import { benchServer } from "../harness/peer-database.ts";

const [connectionFile = "", roundsText, eventsText, url = "null"] = process.argv.slice(2);
const [rounds, events] = [Number(roundsText), Number(eventsText)];
const { app, owner } = await provisionService(await benchServer(connectionFile), {
  service: `drain-${process.pid}`,
  passwords: { owner: "owner", app: "app" },
  connections: { owner: -1, app: -1 },
});
await applySystemSchema(owner, [...commandRecordSchema, ...eventSchema, ...relaySchema]);
const open = (connection: typeof app) =>
  new ServiceDatabase({ connection, service: "orders", instance: "bench" });
const [database, filling] = [open(app), open(owner)];
await filling.inTransaction(performance.now() + 120_000, ({ raw }) =>
  raw.query(
    `insert into kerf.event (day, id, shard, name, key, version, payload, trace, at)
      select kerf.command_day(), nextval('kerf.event_id'), n % 16, 'placed', 'order ' || n, 1,
        jsonb_build_object('id', 'order ' || n, 'sku', n % 1000, 'quantity', 1),
        '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', now()
      from generate_series(1, ${events}) n`,
  ),
);
await filling.close();
const perSecond: number[] = [];
// The first one is not counted: its code is compiled meanwhile.
await drain(database, await brokerOf(url, 0));
for (let round = 1; round <= rounds; round += 1) {
  perSecond.push(await drain(database, await brokerOf(url, round)));
}
await database.close();
console.log(JSON.stringify({ perSecond }));

/** Events per second until the broker has acknowledged the last one. */
async function drain(database: ServiceDatabase, broker: Broker): Promise<number> {
  const reader = new LogReader(database, parts.clock);
  let published = 0;
  const all = Promise.withResolvers<void>();
  const counting: Broker = {
    destination: broker.destination,
    close: () => broker.close(),
    log: async (producer) => {
      const log = await broker.log(producer);
      return {
        span: (shard) => log.span(shard),
        at: (shard, position) => log.at(shard, position),
        follow: (from) => log.follow(from),
        publish: async (messages) => {
          await log.publish(messages);
          published += messages.length;
          if (published >= events) all.resolve();
        },
      };
    },
  };
  const relay = new Relay({
    ...parts,
    service: "orders",
    instance: "bench",
    database,
    reader,
    broker: counting,
  });
  const since = performance.now();
  relay.start();
  await all.promise;
  const seconds = (performance.now() - since) / 1_000;
  await relay.stop();
  await broker.close();
  return events / seconds;
}

/** Every round publishes to a place that has nothing yet. */
async function brokerOf(place: string, round: number): Promise<Broker> {
  if (place !== "null") return openBroker({ url: `${place}/round${round}` }, parts.clock);
  const nothing = (): never => {
    throw new Error("nobody reads from this broker");
  };
  return {
    destination: `null ${round}`,
    close: async () => {},
    log: async () => ({ publish: async () => {}, span: nothing, at: nothing, follow: nothing }),
  };
}
