// Two services that every fault scenario runs: one that keeps data and is hit, and one that calls it. No scenario hits both.
import { app, gateway } from "kerf";
import { quotes } from "./quotes/contract.ts";
import { stock } from "./stock/contract.ts";

export default app("faults", {
  services: {
    stock: () => import("./stock/service.ts"),
    quotes: () => import("./quotes/service.ts"),
  },
  gateways: { web: gateway({ expose: [stock, quotes] }) },
});
