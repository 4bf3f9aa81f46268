import type { Fault } from "./fault.ts";

/** Everything ends at once, databases and launcher too, and is started again on what it left. */
export const cutPower: Fault = {
  name: "cut-power",
  targets: ["everything"],
  async strike(_, cluster) {
    return `kill -9 of ${await cluster.cutPower()} processes, started again`;
  },
};
