import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** An instance that is ended in order gives back the sagas that it is at, and another one goes on with them at once. */
export const drain: Scenario = {
  name: "drain",
  processes: { left: ["wallet"], right: ["shop"], spare: ["shop"] },
  standby: ["spare"],
  async drive(client, operator) {
    await client.order({ buyer: "ada", settler: "escrow", label: "chair", restMs: 500 });
    await operator.stop("right");
  },
  check: ({ sagas }) =>
    assert.deepEqual(
      sagas.map(({ state }) => state),
      ["completed"],
    ),
};
