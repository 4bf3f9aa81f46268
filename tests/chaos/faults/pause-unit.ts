import { busy, services } from "../../workload/app/services.ts";
import type { Fault } from "./fault.ts";
import { pause } from "./signals.ts";

/** A copy stands still for longer than its leases of 10 s. The platform may end it meanwhile, since it does not answer. */
export const pauseUnit: Fault = {
  name: "pause-unit",
  targets: [...services, ...busy],
  lasts: [11_000, 14_000],
  async strike({ target, which, lastsMs }, cluster, signal) {
    const pids = await cluster.copies(target);
    const pid = pids[Math.floor(which * pids.length)] as number;
    await pause([pid], lastsMs, signal);
    return `SIGSTOP ${pid}, SIGCONT after ${seconds(lastsMs)}`;
  },
};

/** The same with the platform standing still too, so that the copy wakes up, past its leases, and goes on where it was. */
export const pauseUnitUnwatched: Fault = {
  name: "pause-unit-unwatched",
  targets: busy,
  lasts: [11_000, 14_000],
  async strike({ target, which, lastsMs }, cluster, signal) {
    const pids = await cluster.copies(target);
    const pid = pids[Math.floor(which * pids.length)] as number;
    const platform = await cluster.platform();
    await pause([platform, pid], lastsMs, signal);
    return `SIGSTOP ${pid} and the platform ${platform}, SIGCONT after ${seconds(lastsMs)}`;
  },
};

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
