import assert from "node:assert/strict";
import type { Scenario } from "../scenario.ts";

/** Two processes make and migrate a database at once; whoever is killed begins anew. Then they serve. */
export const setup: Scenario = {
  name: "setup",
  processes: { left: ["ledger"], right: ["ledger"] },
  setup: true,
  async drive(client) {
    await client.enter({ label: "first" });
  },
  check({ brokenIndexes, entries }) {
    assert.deepEqual(entries, ["opening", "carried over", "first"]);
    assert.deepEqual(brokenIndexes, []);
  },
};

/** The same where a database is there that only has to be renamed. */
export const setupSpare: Scenario = { ...setup, name: "setup-spare", spare: true };
