import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Events that their handler cannot apply: they are parked with what follows under their key, and the others pass. */
export const poison: Scenario = {
  name: "poison",
  processes: { left: ["wallet"], right: ["audit"] },
  killed: ["right"],
  async drive(client) {
    await client.pay({ from: "poison", to: "shop", amount: 1, label: "poison 1" });
    await client.pay({ from: "ada", to: "shop", amount: 1, label: "ada 1" });
    await client.pay({ from: "poison", to: "shop", amount: 1, label: "poison 2" });
  },
  check({ parked, seen }) {
    assert.equal(parked.length, 2);
    assert.equal(seen.length, 1);
  },
};
