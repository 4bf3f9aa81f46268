import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** A consumer is told to begin anew: every event comes to it again, in the order of its key. */
export const replay: Scenario = {
  name: "replay",
  processes: { left: ["wallet"], right: ["audit"] },
  killed: ["right"],
  among: /position|consumers/,
  async drive(client) {
    const pay = (from: string, n: number) =>
      client.pay({ from, to: "shop", amount: 1, label: `${from} ${n}` });
    await Promise.all([pay("ada", 1), pay("poison", 1)]);
    await pay("ada", 2);
    // It can be told to begin anew once it has begun.
    await client.until(
      () => client.operate<unknown[]>("audit", "events.positions"),
      ({ length }) => length > 0,
    );
    await client.operate("audit", "events.replay", { producer: "wallet", after: "0" });
    await pay("ada", 3);
  },
  check({ generation }) {
    assert.ok(generation >= 1, "it began anew");
  },
};
