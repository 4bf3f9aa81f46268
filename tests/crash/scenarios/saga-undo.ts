import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A saga whose last step is declined: what it did is undone, in reverse. */
export const sagaUndo: Scenario = {
  name: "saga-undo",
  processes: { left: ["wallet"], right: ["shop"] },
  async drive(client) {
    await client.order({ buyer: "ada", settler: "broke", label: "chair", restMs: 0 });
  },
  check({ accounts, sagas }) {
    assert.deepEqual(
      sagas.map(({ state }) => state),
      ["undone"],
    );
    assert.equal(accounts.get("ada")?.balance, 100);
  },
};
