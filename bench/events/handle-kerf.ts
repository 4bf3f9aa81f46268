// Commands of one service that emit, and a consumer of another that writes one row for each event; each has its own database on one
// server, everything else is in this process. Prints events per second as JSON. Argument: events.
import { Caller, rootContext, StaticDiscovery } from "@kerf/call";
import { command, contract, event } from "@kerf/contract";
import { postgres } from "@kerf/data";
import { closeDatabases, openDatabases, service } from "@kerf/service";
import { z } from "zod";
import { inboundOf, parts } from "../harness/kerf-parts.ts";
import { DurableServer } from "./durable-server.ts";
import { handledTable, measure, payloadOf, perSend } from "./handling.ts";

const events = Number(process.argv[2]);
const connections = 4;

const orders = contract("orders", {
  version: "1.0.0",
  operations: {
    place: command({
      access: "public",
      input: z.object({ from: z.number(), count: z.number() }),
      output: z.object({}),
    }),
  },
  events: {
    placed: event({
      schema: z.object({ id: z.string(), sku: z.number(), quantity: z.number() }),
      key: "id",
    }),
  },
});
const database = postgres({ migrations: new URL("./", import.meta.url) });
const ordersService = service(orders, { owner: "bench", database });
ordersService.implement({
  place({ input: { from, count }, emit }) {
    for (let n = from; n < from + count; n += 1) emit.placed(payloadOf(n));
    return {};
  },
});
const handling = contract("handling", { version: "1.0.0", operations: {} });
const handlingService = service(handling, { owner: "bench", database, uses: { orders } });
handlingService.implement({});
handlingService.on(orders, {
  placed: async ({ event: { payload }, raw }) => {
    await raw.query("insert into handled (id, quantity) values ($1, $2)", [
      payload.id,
      payload.quantity,
    ]);
  },
});

const server = await DurableServer.start();
try {
  const producer = await server.provision("orders", "select");
  const consumer = await server.provision("handling", handledTable);
  const databases = await openDatabases(
    [ordersService, handlingService],
    {
      orders: { ...producer.app, connections },
      handling: { ...consumer.app, connections },
    },
    { instance: "bench", clock: parts.clock },
  );
  const { inbound, runtime } = inboundOf([ordersService, handlingService], databases);
  const caller = new Caller({
    ...parts,
    discovery: new StaticDiscovery({}),
    connect: () => {
      throw new Error("everything is in this process");
    },
    local: inbound,
    checked: false,
  });
  runtime.connect(caller);
  runtime.startWorkers();
  const place = caller.bind(orders, { caller: "bench" });
  const { clock, wheel } = parts;
  console.log(
    JSON.stringify({
      perSecond: await measure(consumer.owner, events, async (from) => {
        const context = rootContext({ clock, wheel, caller: "bench" });
        await place(context).place({ from, count: perSend }, { idempotencyKey: `bench ${from}` });
      }),
    }),
  );
  await runtime.stopWorkers();
  await closeDatabases(databases);
} finally {
  await server.stop();
}
