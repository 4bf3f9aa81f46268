import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Two instances share shards and sagas; one is killed and stays away, and the other does what was left. */
export const takeover: Scenario = {
  name: "takeover",
  processes: { left: ["wallet"], right: ["shop", "audit"], spare: ["shop", "audit"] },
  killed: ["right"],
  restarts: false,
  async drive(client) {
    await client.order({ buyer: "ada", settler: "escrow", label: "chair", restMs: 0 });
    await client.order({ buyer: "ben", settler: "broke", label: "table", restMs: 0 });
  },
  check({ sagas }) {
    assert.deepEqual(sagas.map(({ state }) => state).sort(), ["completed", "undone"]);
  },
};
