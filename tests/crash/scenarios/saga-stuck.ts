import assert from "node:assert/strict";
import { billing } from "../app/contracts.ts";
import type { Scenario } from "../scenario.ts";

/** Sagas that ask for an operator: one is tried again once that can succeed, one is settled by hand. */
export const sagaStuck: Scenario = {
  name: "saga-stuck",
  processes: { right: ["billing"], left: ["wallet"] },
  killed: ["right"],
  among: /operations|saga-store|journal|unknown-versions/,
  async drive(client) {
    const stuck: string[] = [];
    for (const label of ["mended", "settled"]) {
      const outcome = await client.file(label);
      const { saga: id } = (outcome as { answer: { saga: string } }).answer;
      await client.until(
        () => client.operate<{ state: string }>("billing", "sagas.show", { id }),
        ({ state }) => state === "stuck",
      );
      stuck.push(id);
    }
    const listed = await client.operate<unknown[]>("billing", "sagas.list");
    assert.equal(listed.length, 2);
    await client.mend(billing, "mended");
    const [first, second] = stuck;
    // Done already: then it is stuck no more.
    await client.operate("billing", "sagas.retry", { id: first }, ["conflict"]);
    const settle = { id: second, note: "filed on paper" };
    await client.operate("billing", "sagas.resolve", settle, ["conflict"]);
  },
  check({ billed, bills }) {
    assert.deepEqual(bills.map(({ label, state }) => `${label} ${state}`).sort(), [
      "mended completed",
      "settled resolved",
    ]);
    assert.deepEqual(billed, ["mended filed"]);
  },
};
