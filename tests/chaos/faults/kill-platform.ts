import type { Fault } from "./fault.ts";
import { send } from "./signals.ts";

/** The platform ends without a word; the launcher starts another, which takes over what runs. */
export const killPlatform: Fault = {
  name: "kill-platform",
  targets: ["platform"],
  async strike(_, cluster) {
    const { platform } = await cluster.status();
    if (!send(platform.pid, "SIGKILL")) throw new Error(`process ${platform.pid} was gone already`);
    return `kill -9 ${platform.pid}`;
  },
};
