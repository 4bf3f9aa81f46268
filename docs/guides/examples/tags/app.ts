// An app beside which images of others run: one service that they may call, and a gateway that holds their clients back.
import { app, gateway } from "kerf";

export default app("tagging", {
  services: { labels: () => import("../labels/service.ts") },
  gateways: {
    web: gateway({
      expose: [],
      limits: [{ by: "address", rate: { requests: 80, perMs: 1_000 }, burst: 400 }],
    }),
  },
  units: { main: "*" },
});
