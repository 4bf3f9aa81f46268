import { busy, services } from "../../workload/app/services.ts";
import type { Fault } from "./fault.ts";
import { send } from "./signals.ts";

/** One copy of a service ends without a word. */
export const killUnit: Fault = {
  name: "kill-unit",
  targets: [...services, ...busy],
  async strike({ target, which }, cluster) {
    const pids = await cluster.copies(target);
    const pid = pids[Math.floor(which * pids.length)] as number;
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return `kill -9 ${pid}`;
  },
};

/** All copies of a service end at once. */
export const killAllCopies: Fault = {
  name: "kill-all-copies",
  targets: [...services, ...busy],
  async strike({ target }, cluster) {
    const pids = await cluster.copies(target);
    const hit = pids.filter((pid) => send(pid, "SIGKILL"));
    if (hit.length === 0) throw new Error(`processes ${pids.join(", ")} were gone already`);
    return `kill -9 ${hit.join(" ")}`;
  },
};
