import { readFile } from "node:fs/promises";
import { Inbound, listenFramed, PrincipalVerifier } from "@kerf/call";
import { ServiceRuntime } from "@kerf/service";
import { service } from "kerf";
import { parts } from "../harness/kerf-parts.ts";
import { announce } from "../wire/load.ts";
import { tracingOf } from "../tracing/tracing-of.ts";
import type { ServiceEnvironment } from "./environment.ts";
import { prices, quote } from "./prices.ts";

// The service in a process of its own, as the host program assembles it; whoever asks is proven to it.
const [file = ""] = process.argv.slice(2);
const { address, principalKey, telemetry } = JSON.parse(
  await readFile(file, "utf8"),
) as ServiceEnvironment;
const { recorder } = await tracingOf("prices", telemetry.otlp?.endpoint ?? "");
const pricesService = service(prices, { owner: "bench" }).implement({
  quote: async ({ input }) => quote(input),
});
const runtime = new ServiceRuntime({
  services: [pricesService],
  databases: {},
  instance: "bench",
  ...parts,
});
const dispatcher = new Inbound({
  services: runtime.served(),
  ...parts,
  checked: false,
  mayCall: () => true,
  principals: new PrincipalVerifier(() => [principalKey], { environment: "bench", ...parts }),
  recorder,
});
await listenFramed(address, { dispatcher, ...parts, instance: "prices-1" });
announce(address);
