import assert from "node:assert/strict";
import { test } from "node:test";
import { compressionProblems } from "./compression.ts";

test("compression that is right, and everything that is wrong", () => {
  for (const right of [undefined, true, false, {}, { minBytes: 0, sessions: true }])
    assert.deepEqual(compressionProblems(right), []);
  assert.deepEqual(compressionProblems("br"), [
    "compression must be true, false or { minBytes, sessions }",
  ]);
  assert.deepEqual(compressionProblems({ minBytes: -1, sessions: 1, level: 9 }), [
    "compression.level is no field; there are minBytes, sessions",
    "compression.minBytes must be whole bytes from 0",
    "compression.sessions must be true or false",
  ]);
});
