// A small app that the guides quote from. `npm test -- docs/guides` runs it inside the test process.
import { app, gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export default app("guide", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  gateways: { web: gateway({ expose: [notes] }) },
  units: { main: "*" },
});
