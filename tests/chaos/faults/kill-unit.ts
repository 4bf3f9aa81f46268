import { eventually } from "../../shop/running-shop.ts";
import { busy, services } from "../../workload/app/services.ts";
import { patienceMs } from "../cluster.ts";
import type { Fault } from "./fault.ts";
import { send } from "./signals.ts";

/** One copy of a service ends without a word. */
export const killUnit: Fault = {
  name: "kill-unit",
  targets: [...services, ...busy],
  async strike({ target, which }, cluster) {
    // Another fault may have ended the one that was drawn.
    return eventually(
      `a copy of ${target} is killed`,
      async () => {
        const pids = await cluster.copies(target);
        const pid = pids[Math.floor(which * pids.length)] as number;
        return send(pid, "SIGKILL") ? `kill -9 ${pid}` : undefined;
      },
      patienceMs,
    );
  },
};

/** All copies of a service end at once. */
export const killAllCopies: Fault = {
  name: "kill-all-copies",
  targets: [...services, ...busy],
  async strike({ target }, cluster) {
    return eventually(
      `all copies of ${target} are killed`,
      async () => {
        const hit = (await cluster.copies(target)).filter((pid) => send(pid, "SIGKILL"));
        return hit.length > 0 ? `kill -9 ${hit.join(" ")}` : undefined;
      },
      patienceMs,
    );
  },
};
