import type { Fault } from "./fault.ts";
import { pause, send } from "./signals.ts";

/** The front door ends without a word; it is back on the same port. */
export const killGateway: Fault = {
  name: "kill-gateway",
  targets: ["web"],
  async strike({ target }, cluster) {
    const pid = await cluster.gateway(target);
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return `kill -9 ${pid}`;
  },
};

/** The front door stands still for a while. */
export const pauseGateway: Fault = {
  name: "pause-gateway",
  targets: ["web"],
  lasts: [2_000, 6_000],
  async strike({ target, lastsMs }, cluster, signal) {
    const pid = await cluster.gateway(target);
    await pause([pid], lastsMs, signal);
    return `SIGSTOP ${pid}, SIGCONT after ${(lastsMs / 1_000).toFixed(1)} s`;
  },
};
