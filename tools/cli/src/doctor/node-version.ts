import type { Check } from "./check.ts";

/** The oldest Node that strips types by itself without a warning. */
const oldest = [24, 12] as const;

/** Node is new enough. */
export const nodeVersion: Check = {
  id: "node",
  title: "Node.js",
  run: async () => {
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const fits = major > oldest[0] || (major === oldest[0] && minor >= oldest[1]);
    return fits
      ? { state: "ok", detail: `${process.versions.node} (${process.execPath})` }
      : {
          state: "failed",
          detail: `${process.versions.node}, and ${oldest.join(".")} is the oldest that works`,
          fix: "Install a newer Node from https://nodejs.org.",
        };
  },
};
