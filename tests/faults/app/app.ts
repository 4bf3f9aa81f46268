// Two services that every fault scenario runs: one that keeps data and is hit, and one that calls it. No scenario hits both.
import { existsSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { app, gateway } from "kerf";
import { quotes } from "./quotes/contract.ts";
import { stock } from "./stock/contract.ts";

/** Where whoever tests it has its telemetry sent beside the store, if anywhere. */
const exporter = join(tmpdir(), "exporter");

export default app("faults", {
  services: {
    stock: () => import("./stock/service.ts"),
    quotes: () => import("./quotes/service.ts"),
  },
  ...(existsSync(exporter)
    ? { telemetry: { otlp: { endpoint: readFileSync(exporter, "utf8") } } }
    : undefined),
  gateways: { web: gateway({ expose: [stock, quotes] }) },
});
