import { transportConformance } from "@kerf/testing/conformance";
import { InProcessTransport } from "./in-process.ts";

for (const checked of [false, true]) {
  transportConformance(`in process, ${checked ? "checked" : "production"}`, {
    checked,
    drains: false,
    setup: async (inbound) => {
      const transport = new InProcessTransport(inbound, { checked });
      return { transport, close: () => transport.close() };
    },
  });
}
