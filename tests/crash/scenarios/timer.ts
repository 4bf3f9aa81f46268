import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A saga that sleeps for longer than anybody waits in memory: it is put aside, and taken up from what is recorded. */
export const timer: Scenario = {
  name: "timer",
  processes: { left: ["wallet"], right: ["shop"] },
  killed: ["right"],
  among: /saga-store|write-batch|author/,
  async drive(client) {
    await client.order({ buyer: "ada", settler: "escrow", label: "chair", restMs: 2_600 });
  },
  check: ({ sagas }) =>
    assert.deepEqual(
      sagas.map(({ state }) => state),
      ["completed"],
    ),
};
