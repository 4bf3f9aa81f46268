import { totalmem } from "node:os";
import type { Check } from "./check.ts";

/** Eight services, two database servers and the platform; in bytes. */
const comfortable = 1_500_000_000;
const needed = 500_000_000;

/** There is memory for an app with some services. */
export const memory: Check = {
  id: "memory",
  title: "Memory",
  run: async () => {
    // What a container may use counts, where there is such a bound.
    const total = Math.min(totalmem(), process.constrainedMemory() || Infinity);
    const available = Math.min(process.availableMemory(), total);
    const detail = `${(available / 1e9).toFixed(1)} of ${(total / 1e9).toFixed(1)} GB available`;
    const fix = "Close other programs, or run all services in one: kerf dev --cut none";
    if (available < needed) return { state: "failed", detail, fix };
    return available < comfortable ? { state: "warning", detail, fix } : { state: "ok", detail };
  },
};
