import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A command that calls another service's before its own transaction: one effect in each, whichever of the two is killed. */
export const nestedCommand: Scenario = {
  name: "nested-command",
  processes: { left: ["wallet"], right: ["shop"] },
  async drive(client) {
    await client.buy({ from: "ada", to: "shop", amount: 10, label: "book" });
    await client.buy({ from: "ben", to: "shop", amount: 10, label: "lamp" });
  },
  check({ effects, purchases }) {
    assert.deepEqual(effects, ["book", "lamp"]);
    assert.deepEqual(purchases, ["book", "lamp"]);
  },
};
