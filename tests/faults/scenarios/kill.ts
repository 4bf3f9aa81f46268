import { send } from "../../chaos/faults/signals.ts";
import type { Scenario } from "./scenario.ts";

/** One of three instances ends without a word, and is started again by the platform. */
export const kill: Scenario = {
  name: "kill",
  says: "kill -9 of one of three instances, which the platform starts again",
  async strike(cluster) {
    const { pid } = cluster.instance("stock");
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return () => {};
  },
};

/** The platform ends without a word; its launcher starts it again. */
export const killPlatform: Scenario = {
  name: "kill-platform",
  says: "kill -9 of the platform, which its launcher starts again",
  async strike(cluster) {
    const pid = await cluster.platform();
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return () => {};
  },
};
