import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** The connection ends in the COMMIT of a step: the step is done, and whoever did it has to look whether it was. */
export const lostAnswer: Scenario = {
  name: "lost-answer",
  processes: { left: ["wallet"], right: ["shop"] },
  killed: ["right"],
  among: /committed/,
  cut: {
    process: "right",
    key: "after events/outbox/outbox appendStatement: select kerf.event_append + data/transaction commit: commit",
  },
  async drive(client) {
    await client.order({ buyer: "ada", settler: "escrow", label: "chair", restMs: 0 });
  },
  check: ({ sagas }) =>
    assert.deepEqual(
      sagas.map(({ state }) => state),
      ["completed"],
    ),
};
