import { app, gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export default app("guide", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  gateways: { web: gateway({ expose: [notes] }) },
  scale: {
    notes: { min: 1, max: 10, inFlight: 20 },
    labels: { min: 0, max: 3, idleSeconds: 300 },
  },
});
