import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleOf } from "./example.ts";

test("what is required is there, what has a default has it, what is optional is left out", () => {
  const schema = {
    type: "object",
    required: ["email", "items", "kind", "choice"],
    properties: {
      email: { type: "string", format: "email" },
      items: { type: "array", minItems: 1, items: { type: "integer", minimum: 1 } },
      kind: { enum: ["a", "b"] },
      choice: { anyOf: [{ const: 7 }, { type: "null" }] },
      limit: { type: "integer", default: 20 },
      note: { type: "string" },
    },
  };
  assert.deepEqual(exampleOf(schema), {
    email: "somebody@example.com",
    items: [1],
    kind: "a",
    choice: 7,
    limit: 20,
  });
});
