import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { command, contract } from "@kerf/contract";
import { seededRandom, systemClock, TimerWheel } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { z } from "zod";
import { Caller } from "../../caller.ts";
import { StaticDiscovery } from "../../discovery/static.ts";
import { Inbound } from "../../inbound.ts";
import { connectFramed } from "./client.ts";
import { listenFramed } from "./server.ts";
import { contextFor, temporaryDirectory } from "./testing/peers.ts";

const counter = contract("counter", {
  version: "1.0.0",
  operations: {
    add: command({
      access: "public",
      input: z.object({ n: z.number() }),
      output: z.object({ n: z.number() }),
    }),
  },
});

test("commands go on without one error, each executed once, while one of two instances drains", async (t) => {
  const directory = await temporaryDirectory(t);
  const wheel = new TimerWheel(systemClock);
  const shared = { clock: systemClock, wheel, log: silentLogger };
  const executed: number[] = [];
  const start = async (instance: string) => {
    const inbound = new Inbound({
      ...shared,
      checked: false,
      mayCall: () => true,
      principals: { verify: () => assert.fail("No call carries a principal.") },
      services: [
        {
          contract: counter,
          operations: {
            add: {
              run: async ({ input }) => {
                executed.push((input as { n: number }).n);
                await new Promise((resolve) => setImmediate(resolve));
                return input;
              },
            },
          },
        },
      ],
    });
    const server = await listenFramed(`unix:${join(directory, instance)}`, {
      ...shared,
      dispatcher: inbound,
      instance,
    });
    t.after(() => server.close());
    return { server, inbound };
  };
  const leaving = await start("leaving");
  const staying = await start("staying");
  const caller = new Caller({
    ...shared,
    random: seededRandom(3),
    checked: false,
    discovery: new StaticDiscovery({ counter: [leaving.server.address, staying.server.address] }),
    connect: (address) => connectFramed(address, { ...shared, hello: { instance: "caller-1" } }),
  });
  t.after(() => caller.stop());
  const clientFor = caller.bind(counter, { caller: "tester" });

  const total = 6_000;
  let next = 0;
  let answered = 0;
  const underLoad = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    while (next < total) {
      const n = next++;
      const context = contextFor(wheel);
      assert.deepEqual(await clientFor(context).add({ n }), { n });
      context.release();
      if (++answered === total / 3) underLoad.resolve();
    }
  };
  const workers = Promise.all(Array.from({ length: 32 }, work));
  await underLoad.promise;
  assert.ok(leaving.server.counters.calls > 0);
  await Promise.all([leaving.server.drain(), leaving.inbound.drain()]);
  await leaving.server.close();
  await workers;
  assert.deepEqual(
    executed.toSorted((a, b) => a - b),
    Array.from({ length: total }, (_, n) => n),
  );
});
