import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Events that travel through a broker: published by one process, read by two others, of which one goes on alone. */
export const relay: Scenario = {
  name: "relay",
  broker: true,
  among: /events\/relay\/|broker/,
  processes: { left: ["wallet"], right: ["audit"], spare: ["audit"] },
  async drive(client, operator) {
    const pay = (round: string) =>
      Promise.all(
        ["ada", "ben", "eve"].map((from) =>
          client.pay({ from, to: "shop", amount: 1, label: `${from} ${round}` }),
        ),
      );
    await pay("first");
    await pay("second");
    await operator.stop("right");
    await pay("third");
    await client.operate("wallet", "events.log");
  },
  check: ({ seen }) => assert.equal(seen.length, 9),
};
