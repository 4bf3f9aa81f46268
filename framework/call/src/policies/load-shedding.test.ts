import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { policyDefaults } from "./defaults.ts";
import { LoadShedding } from "./load-shedding.ts";

function filled(count: number): LoadShedding {
  const shedding = new LoadShedding({ ...policyDefaults, limitMost: 20 });
  for (let n = 0; n < count; n++) shedding.enter("orders.place", "critical");
  return shedding;
}

function lets(shedding: LoadShedding, criticality: "critical" | "normal" | "sheddable"): boolean {
  try {
    shedding.enter("orders.get", criticality);
    return true;
  } catch (thrown) {
    assert.equal((thrown as KerfError).code, "overloaded");
    assert.equal((thrown as KerfError).retry, "not-executed");
    assert.equal((thrown as KerfError).retryAfterMs, 1_000);
    return false;
  }
}

test("what can be done without is refused first, what is critical last", () => {
  const at = (share: number) => filled(Math.ceil(filled(0).limit * share));
  assert.deepEqual(
    [0.4, 0.5, 0.9, 1].map((share) => [
      lets(at(share), "sheddable"),
      lets(at(share), "normal"),
      lets(at(share), "critical"),
    ]),
    [
      [true, true, true],
      [false, true, true],
      [false, false, true],
      [false, false, false],
    ],
  );
});

test("there is room again once a call is over", () => {
  const shedding = filled(filled(0).limit);
  assert.equal(lets(shedding, "critical"), false);
  shedding.leave("orders.place", 10, 0);
  assert.equal(lets(shedding, "critical"), true);
});
