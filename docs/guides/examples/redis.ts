// An app that keeps what may be lost with little harm in Redis.
import { app, gateway } from "kerf";
import { baskets } from "./baskets/contract.ts";

export default app("shopping", {
  services: { baskets: () => import("./baskets/service.ts") },
  gateways: { web: gateway({ expose: [baskets] }) },
});
