import { app, gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export default app("guide", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  gateways: { web: gateway({ expose: [notes] }) },
  telemetry: {
    sampling: 0.05,
    otlp: { endpoint: "http://127.0.0.1:4318" },
  },
});
