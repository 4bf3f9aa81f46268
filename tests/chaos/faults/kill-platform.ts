import type { Fault } from "./fault.ts";
import { send } from "./signals.ts";

/** The platform ends without a word; the launcher starts another, which takes over what runs. */
export const killPlatform: Fault = {
  name: "kill-platform",
  targets: ["platform"],
  async strike(_, cluster) {
    const pid = await cluster.platform();
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return `kill -9 ${pid}`;
  },
};
