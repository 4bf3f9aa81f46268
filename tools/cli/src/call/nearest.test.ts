import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { distance, nearest } from "./nearest.ts";

test("offers what was probably meant", () => {
  const names = ["orders", "catalog", "search", "users", "inventory"];
  assert.deepEqual(nearest("order", names), ["orders"]);
  assert.deepEqual(nearest("ordesr", names), ["orders"]);
  assert.deepEqual(nearest("inv", names), ["inventory"]);
  assert.deepEqual(nearest("xyzzy", names), []);
});

test("the distance is symmetric, and zero for equal words only", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(distance(a, b), distance(b, a));
      assert.equal(distance(a, b) === 0, a === b);
      assert.ok(distance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});
