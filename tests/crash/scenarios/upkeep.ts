import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** The databases are kept in shape while commands arrive. */
export const upkeep: Scenario = {
  name: "upkeep",
  processes: { left: ["wallet"] },
  upkeep: true,
  async drive(client) {
    for (let n = 1; n <= 5; n += 1)
      await client.pay({ from: "ada", to: "shop", amount: 1, label: `ada ${n}` });
  },
  check: ({ effects }) => assert.equal(effects.length, 5),
};
