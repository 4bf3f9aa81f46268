import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Two instances share shards and sagas; one is killed or paused, and the other does what was left. */
export const takeover: Scenario = {
  name: "takeover",
  processes: { left: ["wallet"], right: ["shop", "audit"], spare: ["shop", "audit"] },
  killed: ["right"],
  paused: ["right"],
  restarts: false,
  async drive(client) {
    const orders = ["chair", "desk"].flatMap((what) => [
      client.order({ buyer: "ada", settler: "escrow", label: what, restMs: 0 }),
      client.order({ buyer: "ben", settler: "broke", label: `better ${what}`, restMs: 0 }),
    ]);
    await Promise.all(orders);
  },
  check({ sagas }) {
    assert.deepEqual(sagas.map(({ state }) => state).sort(), [
      "completed",
      "completed",
      "undone",
      "undone",
    ]);
  },
};
