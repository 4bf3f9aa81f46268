import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { connectionsOfCopy, connectionsOfRole } from "./connection-budget.ts";

test("a few copies have what their service declares, many share what there is, and each has one", () => {
  assert.deepEqual(
    [1, 10, 25, 40, 100, 1_000].map((copies) => connectionsOfCopy(4, copies)),
    [4, 4, 4, 2, 1, 1],
  );
});

test("old and new copies together do not exceed what the role may hold", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 100 }),
      (declared, copies) => {
        assert.ok(2 * copies * connectionsOfCopy(declared, copies) <= connectionsOfRole(declared));
      },
    ),
  );
});
