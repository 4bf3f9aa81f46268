import { send } from "../../chaos/faults/signals.ts";
import type { Scenario } from "./scenario.ts";

/** One of three instances stands still: the system accepts connections for it, and nobody reads them. The platform may end it meanwhile. */
export const pause: Scenario = {
  name: "pause",
  says: "SIGSTOP of one of three instances, SIGCONT later",
  mendedAt: 0.4,
  async strike(cluster) {
    const { pid } = cluster.instance("stock");
    if (!send(pid, "SIGSTOP")) throw new Error(`process ${pid} was gone already`);
    return () => void send(pid, "SIGCONT");
  },
};
