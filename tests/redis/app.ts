// The app of the guide, and beside it a service that tries keys which are not its own.
import { app, gateway } from "kerf";
import { baskets } from "../../docs/guides/examples/baskets/contract.ts";
import { curious } from "./curious/contract.ts";

export default app("shopping", {
  services: {
    baskets: () => import("../../docs/guides/examples/baskets/service.ts"),
    curious: () => import("./curious/service.ts"),
  },
  gateways: { web: gateway({ expose: [baskets, curious] }) },
  units: { main: "*" },
});
