import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A saga that waits for an event of another service goes on once, with that event. */
export const sagaWait: Scenario = {
  name: "saga-wait",
  processes: { left: ["wallet"], right: ["billing"] },
  killed: ["right"],
  among: /signal|saga-store|author/,
  async drive(client) {
    await client.collect({ label: "rent", awaited: "eve" });
    await client.pay({ from: "eve", to: "shop", amount: 1, label: "the rent" });
    await client.pay({ from: "eve", to: "shop", amount: 1, label: "more" });
  },
  check({ billed, bills }) {
    assert.deepEqual(
      bills.map(({ state }) => state),
      ["completed"],
    );
    assert.deepEqual(billed, ["rent opened", "rent paid by the rent"]);
  },
};
