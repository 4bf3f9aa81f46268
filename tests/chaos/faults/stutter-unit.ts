import { busy } from "../../workload/app/services.ts";
import type { Fault } from "./fault.ts";
import { stutter } from "./signals.ts";

/** Both copies of a service run for moments only: what takes milliseconds takes seconds, and the next fault hits in the middle of it. */
export const stutterUnit: Fault = {
  name: "stutter-unit",
  targets: busy,
  lasts: [6_000, 12_000],
  async strike({ target, lastsMs }, cluster, signal) {
    const pids = await cluster.copies(target);
    await stutter(pids, lastsMs, { runsMs: 15, standsMs: 400 }, signal);
    return `${pids.join(" ")} ran 15 ms of every 415 for ${(lastsMs / 1_000).toFixed(1)} s`;
  },
};
