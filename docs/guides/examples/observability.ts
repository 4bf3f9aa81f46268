import { app, gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export default app("guide", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  gateways: { web: gateway({ expose: [notes] }) },
  telemetry: {
    sampling: 0.1,
    retention: { days: 14, bytes: 4_294_967_296 },
    keep: { share: 0.2, slowMs: 500 },
  },
});
