// The app of the other guides, with calls that are set to something else than the defaults.
import { app, gateway } from "kerf";
import { notes } from "./notes/contract.ts";

export default app("steady", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  gateways: { web: gateway({ expose: [notes], backend: () => import("./page.ts") }) },
  policies: {
    // Nothing in this app may take longer.
    "*": { deadlineMs: 5_000 },
    // All calls to labels share these: it is known to fail as a whole, and to come back soon.
    labels: { breakerCalls: 5, breakerOpenMs: 2_000 },
    // Half of it for each attempt.
    "labels.suggest": { deadlineMs: 400, attempts: 2 },
  },
});
