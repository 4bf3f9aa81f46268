import { Inbound, listenFramed } from "@kerf/call";
import { ServiceRuntime } from "@kerf/service";
import type { Tracing } from "@kerf/telemetry";
import { service } from "kerf";
import { parts } from "../harness/kerf-parts.ts";
import { prices } from "../wire/kerf-prices.ts";
import { announce } from "../wire/load.ts";
import { tracingOf } from "./tracing-of.ts";

// The service of the benchmark `wire`, as the host program assembles it, three times in one process: with nothing, with what counts, and with what records spans as well.
const tracing = await tracingOf("prices", process.argv[2] ?? "");
const addresses = [
  await listen({}),
  await listen({ metrics: tracing.metrics }),
  await listen(tracing),
];
// What waits is sent when the client says so, so that it is counted where it belongs.
process.on("SIGUSR2", () => tracing.recorder?.flush());
announce(addresses.join(","));

async function listen(into: Partial<Pick<Tracing, "recorder" | "metrics">>): Promise<string> {
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
    recorder: into.recorder,
    metrics: into.metrics,
  });
  const server = await listenFramed("tcp:127.0.0.1:0", {
    dispatcher,
    ...parts,
    instance: "prices-1",
  });
  return server.address;
}
