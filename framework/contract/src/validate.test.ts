import assert from "node:assert/strict";
import { test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { z } from "zod";
import { jsonSchema } from "./json-schema.ts";
import { schemaFrom } from "./schema.ts";
import { validate } from "./validate.ts";

const basket = z.object({
  items: z.array(z.object({ sku: z.string(), quantity: z.int().min(1) })),
});

test("a refused value names every field that is wrong", () => {
  assert.throws(
    () => validate(basket, { items: [{ sku: 3, quantity: 0 }] }, "invalid_input", "orders.place"),
    (thrown: KerfError) => {
      assert.equal(thrown.code, "invalid_input");
      assert.match(thrown.message, /orders\.place/);
      const { fields } = thrown.data as { fields: { path: string }[] };
      assert.deepEqual(
        fields.map((field) => field.path),
        ["items.0.sku", "items.0.quantity"],
      );
      return true;
    },
  );
});

test("what no schema names is stripped, and nothing is shared", () => {
  const given = { items: [{ sku: "a", quantity: 1, extra: true }] };
  const checked = validate(basket, given, "invalid_input", "orders.place") as { items: object[] };
  assert.deepEqual(checked, { items: [{ sku: "a", quantity: 1 }] });
  assert.notEqual(checked.items[0], given.items[0]);
});

test("a schema that answers later is waited for", async () => {
  const later = z.object({ id: z.string().refine(async (id) => id !== "taken", "is taken") });
  assert.deepEqual(await validate(later, { id: "free" }, "invalid_input", "users.register"), {
    id: "free",
  });
  await assert.rejects(
    async () => validate(later, { id: "taken" }, "invalid_input", "users.register"),
    /id: is taken/,
  );
});

test("a JSON Schema checks, names fields, fills defaults in a copy, and leaves the given value alone", () => {
  const schema = jsonSchema<{ name: string; size: number }>({
    type: "object",
    properties: { name: { type: "string" }, size: { type: "integer", default: 1 } },
    required: ["name"],
    additionalProperties: false,
  });
  const given = { name: "a", other: 1 };
  assert.deepEqual(validate(schema, given, "invalid_input", "x.y"), { name: "a", size: 1 });
  assert.deepEqual(given, { name: "a", other: 1 });
  assert.throws(
    () => validate(schema, { size: "big" }, "invalid_input", "x.y"),
    /name: .*size: must be integer/,
  );
});

test("a schema from a function says why it refused", () => {
  const even = schemaFrom<number>({ type: "integer" }, (value) => {
    if (typeof value !== "number" || value % 2 !== 0) throw new Error("must be even");
    return value;
  });
  assert.equal(validate(even, 4, "invalid_output", "x.y"), 4);
  assert.throws(
    () => validate(even, 3, "invalid_output", "x.y"),
    /breaks its own contract: must be even/,
  );
});
