import { listenFramed } from "@kerf/call";
import { service } from "kerf";
import { identityFrom } from "./certificates.ts";
import { inboundOf, parts } from "../harness/kerf-parts.ts";
import { prices } from "./kerf-prices.ts";
import { announce } from "./load.ts";

const pricesService = service(prices, { owner: "bench" }).implement({
  quote: async ({ input }) => ({ id: input.id, total: input.quantity * 7900, currency: "EUR" }),
});
const server = await listenFramed("tcp:127.0.0.1:0", {
  dispatcher: inboundOf(pricesService).inbound,
  ...parts,
  instance: "bench",
  identity: await identityFrom(process.argv[2], "prices"),
});
announce(server.address);
