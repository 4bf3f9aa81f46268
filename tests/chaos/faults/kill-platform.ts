import type { Fault } from "./fault.ts";

/** The platform ends without a word; the next one takes over what runs. */
export const killPlatform: Fault = {
  name: "kill-platform",
  targets: ["platform"],
  strike: async (_, cluster) => `kill -9 ${await cluster.killPlatform()}`,
};
