// One command over the call path in one process, with a key, so that it is recorded: with `emit` and without, in turns. Prints
// the milliseconds per command of both sides of each pair as JSON. Arguments: pairs, seconds a turn.
import { Caller, rootContext, StaticDiscovery } from "@kerf/call";
import { command, contract, event } from "@kerf/contract";
import { postgres } from "@kerf/data";
import { closeDatabases, openDatabases, service } from "@kerf/service";
import { z } from "zod";
import { inboundOf, parts } from "../harness/kerf-parts.ts";
import { DurableServer } from "./durable-server.ts";

/** In flight, each on a connection of its own. */
const concurrent = 8;
const rows = 1_000;
const [pairs, seconds] = process.argv.slice(2).map(Number) as [number, number];

const orders = contract("orders", {
  version: "1.0.0",
  operations: {
    place: command({
      access: "public",
      input: z.object({ sku: z.number(), quantity: z.number(), emits: z.boolean() }),
      output: z.object({ id: z.string() }),
    }),
  },
  events: {
    placed: event({
      schema: z.object({ id: z.string(), sku: z.number(), quantity: z.number() }),
      key: "id",
    }),
  },
});
const ordersService = service(orders, {
  owner: "bench",
  database: postgres({ migrations: new URL("./", import.meta.url), connections: concurrent }),
});
ordersService.implement({
  async place({ input: { sku, quantity, emits }, raw, emit }) {
    await raw.query("update stock set quantity = quantity - $2 where sku = $1", [sku, quantity]);
    const { rows: placed } = await raw.query<{ id: string }>(
      "insert into placed (sku, quantity) values ($1, $2) returning id::text as id",
      [sku, quantity],
    );
    const [{ id }] = placed as [{ id: string }];
    if (emits) emit.placed({ id, sku, quantity });
    return { id };
  },
});

const server = await DurableServer.start();
try {
  const { app } = await server.provision(
    "orders",
    `create table public.stock (sku int primary key, quantity int not null);
     insert into public.stock select n, 0 from generate_series(0, ${rows - 1}) n;
     create table public.placed (id bigserial primary key, sku int not null, quantity int not null)`,
  );
  const { clock, wheel } = parts;
  const databases = await openDatabases(
    [ordersService],
    { orders: { ...app, connections: concurrent } },
    { instance: "bench", clock },
  );
  const { inbound, runtime } = inboundOf(ordersService, databases);
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
  const bind = caller.bind(orders, { caller: "bench" });

  let n = 0;
  const turn = async (emits: boolean, turnSeconds: number): Promise<number> => {
    const since = performance.now();
    const end = since + turnSeconds * 1_000;
    let done = 0;
    const worker = async (): Promise<void> => {
      while (performance.now() < end) {
        n += 1;
        const context = rootContext({ clock, wheel, caller: "bench" });
        await bind(context).place(
          { sku: n % rows, quantity: 1, emits },
          { idempotencyKey: `bench ${n}` },
        );
        done += 1;
      }
    };
    await Promise.all(Array.from({ length: concurrent }, worker));
    return (performance.now() - since) / done;
  };

  await turn(true, 1);
  await turn(false, 1);
  const emit: number[] = [];
  const plain: number[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    emit.push(await turn(true, seconds));
    plain.push(await turn(false, seconds));
  }
  await closeDatabases(databases);
  console.log(JSON.stringify({ emit, plain }));
} finally {
  await server.stop();
}
