// The same app with its databases on a server that somebody else runs.
import { app } from "kerf";

export default app("guide", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  servers: { main: { urlFile: "/etc/kerf/main.url" } },
});
