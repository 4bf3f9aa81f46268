import { callPathConformance, transportConformance } from "@kerf/testing/conformance";
import { InProcessTransport } from "./in-process.ts";

for (const checked of [false, true]) {
  const name = `in process, ${checked ? "checked" : "production"}`;
  transportConformance(name, {
    checked,
    drains: false,
    setup: async (inbound) => {
      const transport = new InProcessTransport(inbound, { checked });
      return { transport, close: () => transport.close() };
    },
  });
  callPathConformance(name, {
    checked,
    reach: async ({ inbound }) => ({ reach: { local: inbound }, close: () => {} }),
  });
}
