// Notes run here; labels run on machines of their own, which DNS knows.
import { app } from "kerf";

export default app("elsewhere", {
  services: {
    notes: () => import("./notes/service.ts"),
    labels: () => import("./labels/service.ts"),
  },
  discovery: { labels: { srv: "_kerf._tcp.labels.internal" } },
});
