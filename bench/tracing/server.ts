import { Inbound, listenFramed } from "@kerf/call";
import { ServiceRuntime } from "@kerf/service";
import { service } from "kerf";
import { parts } from "../harness/kerf-parts.ts";
import { prices } from "../wire/kerf-prices.ts";
import { announce } from "../wire/load.ts";
import { tracingOf } from "./tracing-of.ts";

// The service of the benchmark `wire`, as the host program assembles it, with what records its spans.
const { recorder } = await tracingOf("prices", process.argv[2] ?? "{}");
const pricesService = service(prices, { owner: "bench" }).implement({
  quote: async ({ input }) => ({ id: input.id, total: input.quantity * 7900, currency: "EUR" }),
});
const runtime = new ServiceRuntime({
  services: [pricesService],
  databases: {},
  instance: "prices-1",
  ...parts,
});
const dispatcher = new Inbound({
  services: runtime.served(),
  ...parts,
  checked: false,
  mayCall: () => true,
  principals: {
    verify: () => {
      throw new Error("the benchmark sends no principal");
    },
  },
  recorder,
});
const { address } = await listenFramed("tcp:127.0.0.1:0", {
  dispatcher,
  ...parts,
  instance: "prices-1",
});
announce(address);
