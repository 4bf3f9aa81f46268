// An app that keeps what may be lost with little harm in Redis, and a service that tries keys which are not its own.
import { app, gateway } from "kerf";
import { baskets } from "./baskets/contract.ts";
import { curious } from "./curious/contract.ts";

export default app("shopping", {
  services: {
    baskets: () => import("./baskets/service.ts"),
    curious: () => import("./curious/service.ts"),
  },
  gateways: { web: gateway({ expose: [baskets, curious] }) },
  units: { main: "*" },
});
