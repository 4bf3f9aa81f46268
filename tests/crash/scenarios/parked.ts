import assert from "node:assert/strict";
import { audit } from "../app/contracts.ts";
import type { Scenario } from "../scenario.ts";

interface ParkedKey {
  readonly id: string;
  readonly events: number;
}

/** Parked events under the hands of an operator: the first is passed over, the others are applied once they can be. */
export const parked: Scenario = {
  name: "parked",
  processes: { left: ["wallet"], right: ["audit"] },
  killed: ["right"],
  among: /parked|position|author/,
  async drive(client) {
    const [producer, key] = ["wallet", "poison"];
    for (let n = 1; n <= 3; n += 1)
      await client.pay({ from: key, to: "shop", amount: 1, label: `${key} ${n}` });
    const [first] = await client.until(
      () => client.operate<ParkedKey[]>("audit", "events.parked"),
      ([found]) => found?.events === 3,
    );
    assert.ok(first);
    const skip = { producer, key, id: first.id, note: "it was made twice" };
    // Done already: then another one is the first.
    await client.operate("audit", "events.skip", skip, ["conflict"]);
    const { failed } = await client.operate<{ failed?: { id: string } }>(
      "audit",
      "events.resolve",
      { producer, key },
    );
    assert.ok(failed, "it cannot be applied yet");
    await client.mend(audit, key);
    await client.operate("audit", "events.resolve", { producer, key }, ["not_found"]);
  },
  check({ parked: left, seen, skipped }) {
    assert.deepEqual(left, []);
    assert.equal(skipped.length, 1);
    assert.equal(seen.length, 2);
  },
};
