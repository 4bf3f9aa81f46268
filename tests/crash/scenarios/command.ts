import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Commands with keys: done, repeated, with transactions inside, declined; and a query. */
export const command: Scenario = {
  name: "command",
  processes: { left: ["wallet"] },
  async drive(client) {
    await client.pay({ from: "ada", to: "ben", amount: 30, label: "first" });
    await client.pay({ from: "ben", to: "ada", amount: 5, label: "nested", nested: true });
    const outcome = await client.pay({ from: "broke", to: "ada", amount: 1, label: "too much" });
    assert.deepEqual(outcome, { declined: "insufficient" });
    assert.equal(await client.balance("ada"), 75);
  },
  check: ({ effects }) => assert.deepEqual(effects, ["first", "nested"]),
};
