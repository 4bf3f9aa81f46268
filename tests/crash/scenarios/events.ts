import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Events of several keys, emitted by commands of one process and consumed by another. */
export const events: Scenario = {
  name: "events",
  processes: { left: ["wallet"], right: ["audit"] },
  async drive(client) {
    for (let n = 1; n <= 3; n += 1) {
      await Promise.all(
        ["ada", "ben", "eve"].map((from) =>
          client.pay({ from, to: "shop", amount: n, label: `${from} ${n}` }),
        ),
      );
    }
  },
  check: ({ seen }) => assert.equal(seen.length, 9),
};
