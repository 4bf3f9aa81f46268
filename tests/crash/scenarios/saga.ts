import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A saga over two services that completes. It rests a moment, so that its lease is renewed meanwhile. */
export const saga: Scenario = {
  name: "saga",
  processes: { left: ["wallet"], right: ["shop"] },
  async drive(client) {
    await client.order({ buyer: "ada", settler: "escrow", label: "chair", restMs: 700 });
  },
  check: ({ sagas }) =>
    assert.deepEqual(
      sagas.map(({ state }) => state),
      ["completed"],
    ),
};
