import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A saga whose end an operator asks for, at once and while it waits, ends undone. */
export const sagaCancel: Scenario = {
  name: "saga-cancel",
  processes: { left: ["wallet"], right: ["billing"] },
  killed: ["right"],
  among: /operations|saga-store|journal|author|call path|commit/,
  async drive(client) {
    for (const label of ["early", "late"]) {
      const outcome = await client.collect({ label, awaited: "nobody" });
      const { saga } = (outcome as { answer: { saga: string } }).answer;
      const look = () =>
        client.operate<{ lastStep: string | null }>("billing", "sagas.show", { id: saga });
      if (label === "late") await client.until(look, ({ lastStep }) => lastStep === "payment");
      await client.operate("billing", "sagas.cancel", { id: saga, by: "test" });
    }
  },
  check: ({ bills }) =>
    assert.deepEqual(
      bills.map(({ state }) => state),
      ["undone", "undone"],
    ),
};
