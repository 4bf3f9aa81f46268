// An app beside which images of others run: a service that they may call, one whose events they follow, and a gateway that holds their clients back.
import { app, gateway } from "kerf";
import { journal } from "../journal/contract.ts";

export default app("tagging", {
  services: {
    journal: () => import("../journal/service.ts"),
    labels: () => import("../labels/service.ts"),
  },
  gateways: {
    web: gateway({
      expose: [journal],
      limits: [{ by: "address", rate: { requests: 80, perMs: 1_000 }, burst: 400 }],
    }),
  },
  units: { main: "*" },
});
