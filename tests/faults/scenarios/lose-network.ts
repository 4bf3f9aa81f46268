import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Scenario } from "./scenario.ts";

const run = promisify(execFile);

/**
 * Nothing that one of three instances sends arrives any more, on connections that are there and on new ones: a routing rule drops it. What
 * is sent to it still arrives, so that it executes what nobody hears of. Mended, the system sends what was lost once more.
 */
export const loseNetwork: Scenario = {
  name: "lose-network",
  says: "one of three instances loses its network, and gets it back later",
  network: "tcp",
  ownNetwork: true,
  mendedAt: 0.4,
  async strike(cluster) {
    const { address } = cluster.instance("stock");
    const port = /^tcp:.*:(\d+)$/.exec(address)?.[1];
    if (port === undefined) throw new Error(`${address} is no TCP address`);
    const rule = ["pref", "10", "ipproto", "tcp", "sport", port, "blackhole"];
    await run("ip", ["rule", "add", ...rule]);
    return async () => void (await run("ip", ["rule", "del", ...rule]));
  },
};
