import { Caller, rootContext, StaticDiscovery } from "@kerf/call";
import { service } from "kerf";
import { contract, query } from "kerf/contract";
import { z } from "zod";
import { inboundOf, parts } from "../harness/kerf-parts.ts";
import { basketOf, measureSerial } from "./measure.ts";

const prices = contract("prices", {
  version: "1.0.0",
  operations: {
    quote: query({
      access: "service",
      input: z.object({ id: z.string(), quantity: z.int().min(1), gift: z.boolean() }),
      output: z.object({ id: z.string(), total: z.number() }),
    }),
  },
});

const pricesService = service(prices, { owner: "bench" }).implement({
  quote: async ({ input }) => ({ id: input.id, total: input.quantity * 7900 }),
});

const { inbound, runtime } = inboundOf(pricesService);
const caller = new Caller({
  ...parts,
  discovery: new StaticDiscovery({}),
  connect: () => {
    throw new Error("nothing is remote here");
  },
  local: inbound,
  checked: false,
});
runtime.connect(caller);
const client = caller.bind(prices, { caller: "bench" });
const context = rootContext({ ...parts, caller: "bench", deadlineMs: 3_600_000 });
await measureSerial(
  (round) => client(context).quote(basketOf(round)),
  Number(process.argv[2] ?? 2),
);
