import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { docker } from "../../docker/docker.ts";
import { eventually } from "../../shop/running-shop.ts";
import { busy } from "../../workload/app/services.ts";
import { ContainedCluster } from "../contained-cluster.ts";
import { type Cluster, patienceMs } from "../cluster.ts";
import type { DrawnFault, Fault } from "./fault.ts";

const run = promisify(execFile);

/** A container is killed by whoever has Docker. */
const killContainer: Fault = {
  name: "kill-container",
  targets: busy,
  async strike(drawn, cluster) {
    const name = await struckOf(drawn, cluster, (one) => docker("kill", one));
    return `docker kill ${name}`;
  },
};

/** Everything in a container stands still, longer than its leases of 10 s. The platform may end it meanwhile. */
const pauseContainer: Fault = {
  name: "pause-container",
  targets: busy,
  lasts: [11_000, 14_000],
  async strike(drawn, cluster, signal) {
    const name = await struckOf(drawn, cluster, (one) => docker("pause", one));
    await sleep(drawn.lastsMs, undefined, { signal }).catch(() => undefined);
    const gone = await docker("unpause", name).then(
      () => "docker unpause",
      () => "replaced",
    );
    return `docker pause ${name}, ${gone} after ${(drawn.lastsMs / 1_000).toFixed(1)} s`;
  },
};

/** A container's network is gone: it reaches the platform and its database over their sockets, and nobody else; nobody reaches it. */
const cutNetwork: Fault = {
  name: "cut-network",
  targets: busy,
  lasts: [3_000, 12_000],
  async strike(drawn, cluster, signal) {
    // Its address stays its own, which a new connection to the network would not promise.
    const link = (pid: string, state: string) =>
      run("nsenter", ["-t", pid, "-n", "ip", "link", "set", "eth0", state]);
    let pid = "";
    const name = await struckOf(drawn, cluster, async (one) => {
      pid = await docker("inspect", "--format", "{{.State.Pid}}", one);
      await link(pid, "down");
    });
    await sleep(drawn.lastsMs, undefined, { signal }).catch(() => undefined);
    const gone = await link(pid, "up").then(
      () => "up again",
      () => "replaced",
    );
    return `eth0 of ${name} down, ${gone} after ${(drawn.lastsMs / 1_000).toFixed(1)} s`;
  },
};

/** What happens to containers beside what happens to everything. */
export const containerFaults: readonly Fault[] = [
  killContainer,
  killContainer,
  pauseContainer,
  cutNetwork,
  cutNetwork,
  cutNetwork,
];

/** Strikes the container that is drawn, or whatever is in its place by then: another fault may have ended it. Answers its name. */
async function struckOf(
  { target, which }: DrawnFault,
  cluster: Cluster,
  strike: (name: string) => Promise<unknown>,
): Promise<string> {
  if (!(cluster instanceof ContainedCluster)) throw new Error("nothing runs in containers");
  return eventually(
    `a container of ${target} is struck`,
    async () => {
      const names = await cluster.containers(target);
      const name = names[Math.floor(which * names.length)] as string;
      await strike(name);
      return name;
    },
    patienceMs,
  );
}
