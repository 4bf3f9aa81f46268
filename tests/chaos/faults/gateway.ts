import type { Cluster } from "../cluster.ts";
import { eventually } from "../../shop/running-shop.ts";
import type { Fault } from "./fault.ts";
import { pause, send } from "./signals.ts";

/** The front door ends without a word; it is back on the same port. */
export const killGateway: Fault = {
  name: "kill-gateway",
  targets: ["web"],
  async strike({ target }, cluster) {
    const pid = await gateway(cluster, target);
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
    const pid = await gateway(cluster, target);
    await pause([pid], lastsMs, signal);
    return `SIGSTOP ${pid}, SIGCONT after ${(lastsMs / 1_000).toFixed(1)} s`;
  },
};

function gateway(cluster: Cluster, name: string): Promise<number> {
  return eventually(
    `gateway ${name} runs`,
    async () => {
      const { gateways } = await cluster.shop.status();
      const pid = gateways.find((each) => each.name === name)?.pid ?? 0;
      return pid > 0 ? pid : undefined;
    },
    30_000,
  );
}
