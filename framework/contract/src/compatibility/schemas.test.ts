import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { type JsonSchema, toJsonSchema } from "../schema.ts";
import type { Undescribed } from "./comparison.ts";
import { compareSchemas } from "./schemas.ts";

const sides = { writer: "W", reader: "R" };

/** The verdict, and path and message of each finding. */
function compared(
  writer: z.ZodType | JsonSchema,
  reader: z.ZodType | JsonSchema,
  undescribed: Undescribed = "refused",
): [string, ...string[]] {
  const json = (schema: z.ZodType | JsonSchema): JsonSchema =>
    "~standard" in schema ? (toJsonSchema(schema as z.ZodType, "input") as JsonSchema) : schema;
  const { verdict, findings } = compareSchemas(json(writer), json(reader), { sides, undescribed });
  return [verdict, ...findings.map(({ path, message }) => `${path}: ${message}`)];
}

const tree = (leaf: z.ZodType): z.ZodType => {
  const node = z.object({
    leaf,
    get children() {
      return z.array(node);
    },
  });
  return node;
};

test("schemas that hold themselves are followed to their end", () => {
  assert.deepEqual(compared(tree(z.int()), tree(z.number())), ["compatible"]);
  assert.deepEqual(compared(tree(z.number()), tree(z.int())), [
    "incompatible",
    "leaf: W sends number, R takes integer",
  ]);
  assert.deepEqual(
    compared(
      z.object({ a: tree(z.int()), b: tree(z.int()) }),
      z.object({ a: tree(z.int()), b: tree(z.number()) }),
    ),
    ["compatible"],
  );
});

test("a reference to nothing but itself is no answer", () => {
  const loop = {
    $defs: { a: { anyOf: [{ $ref: "#/$defs/a" }, { type: "string" }] } },
    $ref: "#/$defs/a",
  };
  assert.equal(compared({ type: "number" }, loop)[0], "unknown");
  assert.equal(compared(loop, { type: "number" })[0], "unknown");
});

test("references elsewhere, or to nothing, are not understood", () => {
  assert.deepEqual(compared({ type: "string" }, { $ref: "https://example.com/a.json" }), [
    "unknown",
    ': the reference "https://example.com/a.json", which R\'s schema has here, cannot be compared',
  ]);
  assert.equal(compared({ $ref: "#/$defs/none" }, { type: "string" })[0], "unknown");
});

test("the path leads to the place, through arrays, tuples, records and strange names", () => {
  const shape = (price: z.ZodType): z.ZodType =>
    z.object({
      items: z.array(z.object({ price })),
      pair: z.tuple([z.string(), price]),
      prices: z.record(z.string(), price),
      "a b": price,
    });
  assert.deepEqual(compared(shape(z.string()), shape(z.boolean())), [
    "incompatible",
    "items[].price: W sends string, R takes boolean",
    "pair[1]: W sends string, R takes boolean",
    "prices.*: W sends string, R takes boolean",
    '["a b"]: W sends string, R takes boolean',
  ]);
});

test("records: keys of an enumeration, tuples: their length", () => {
  const key = z.enum(["a", "b"]);
  assert.deepEqual(compared(z.record(key, z.int()), z.record(z.string(), z.int())), ["compatible"]);
  assert.equal(compared(z.record(z.string(), z.int()), z.record(key, z.int()))[0], "incompatible");
  assert.deepEqual(compared(z.object({ a: z.int(), b: z.int() }), z.record(key, z.int())), [
    "compatible",
  ]);
  assert.deepEqual(compared(z.tuple([z.int(), z.int()]), z.array(z.int()).length(2)), [
    "compatible",
  ]);
  assert.deepEqual(compared(z.array(z.int()), z.tuple([z.int()])), [
    "incompatible",
    ": W sends none, R takes at least 1 items",
    ": W sends any number of items, R takes at most 1",
  ]);
});

test("constants are checked one by one against what a reader says of text and numbers", () => {
  assert.deepEqual(compared(z.enum(["ab", "abc"]), z.string().min(2).max(3).regex(/^a/)), [
    "compatible",
  ]);
  assert.deepEqual(compared(z.enum(["a", "abc"]), z.string().min(2)), [
    "incompatible",
    ': W sends "a", which R refuses',
  ]);
  assert.deepEqual(compared(z.literal([1, 2, 30]), z.int().max(10)), [
    "incompatible",
    ": W sends 30, which R refuses",
  ]);
  assert.equal(compared(z.enum(["x"]), { type: "string", format: "uuid" })[0], "unknown");
});

test("bounds of whole numbers are the same written either way", () => {
  assert.deepEqual(compared(z.int().positive(), z.int().min(1)), ["compatible"]);
  assert.deepEqual(compared(z.int().min(1), z.int().positive()), ["compatible"]);
  assert.deepEqual(compared(z.number().positive(), z.number().min(1)), [
    "incompatible",
    ": W sends numbers down to 0, R takes at least 1",
  ]);
  assert.deepEqual(compared(z.int().multipleOf(6), z.int().multipleOf(3)), ["compatible"]);
  assert.equal(compared(z.number().multipleOf(0.25), z.number().multipleOf(0.5))[0], "unknown");
});

const circle = z.object({ kind: z.literal("circle"), radius: z.number() });
const square = z.object({ kind: z.literal("square"), side: z.number() });

test("alternatives: the one that a constant names is compared, a plain object fits where all of its values do", () => {
  const other = z.object({ kind: z.literal("circle"), radius: z.string() });
  assert.deepEqual(
    compared(z.union([circle, square]), z.discriminatedUnion("kind", [other, square])),
    ["incompatible", "radius: W sends number, R takes string"],
  );
  const either = z.object({
    kind: z.enum(["circle", "square"]),
    radius: z.number(),
    side: z.number(),
  });
  assert.deepEqual(compared(either, z.discriminatedUnion("kind", [circle, square])), [
    "compatible",
    "side: W sends it, R does not read it",
    "radius: W sends it, R does not read it",
  ]);
  assert.deepEqual(
    compared(z.union([z.string(), z.number(), z.null()]), z.union([z.string(), z.boolean()])),
    ["incompatible", ": W sends null or number, R takes string or boolean"],
  );
});

test("what only several alternatives take together is unknown, and so is oneOf where two may fit", () => {
  const number = (minimum: number, maximum: number): JsonSchema => ({
    type: "integer",
    minimum,
    maximum,
  });
  assert.deepEqual(compared(number(0, 9), { anyOf: [number(0, 5), number(6, 9)] }), [
    "unknown",
    ": no alternative of R's takes by itself all that W sends; together they might",
  ]);
  assert.equal(compared(number(0, 5), { oneOf: [number(0, 9), number(3, 4)] })[0], "unknown");
});

test("who does not validate passes over what it does not know; what it reads must be right all the same", () => {
  const strict = z.strictObject({ a: z.string() });
  const more = z.object({ a: z.string(), b: z.int() });
  assert.deepEqual(compared(more, strict, "passed over"), ["compatible"]);
  assert.deepEqual(compared(more, strict), ["incompatible", "b: W sends it, R refuses it"]);
  assert.equal(compared(more, z.record(z.string(), z.string()), "passed over")[0], "incompatible");
});

test("keywords that refuse values are understood where both sides say the same, annotations always", () => {
  const contains = { type: "array", contains: { type: "string" } };
  assert.deepEqual(compared({ ...contains, maxItems: 3 }, contains), ["compatible"]);
  assert.equal(compared({ ...contains, minContains: 0 }, contains)[0], "unknown");
  assert.equal(compared({ type: "array" }, contains)[0], "unknown");
  assert.deepEqual(
    compared({ type: "string" }, { type: "string", title: "A", "x-note": 1, deprecated: true }),
    ["compatible"],
  );
  assert.equal(
    compared({ type: "object", if: {}, properties: {} }, { type: "object" })[0],
    "unknown",
  );
});

test("a schema with more alternatives than can be looked at is unknown, in bounded time", () => {
  const many = (count: number): JsonSchema => ({
    anyOf: Array.from({ length: count }, (_, at) => ({
      type: "object",
      properties: { [`p${at}`]: { type: "string" } },
    })),
  });
  assert.equal(compared(many(300), { type: "object", properties: {} })[0], "unknown");
  const wide = (level: number, leaf: string): JsonSchema =>
    level === 0
      ? { type: leaf }
      : {
          anyOf: [1, 2, 3].map((at) => ({
            type: "object",
            properties: { a: wide(level - 1, leaf), [`b${at}`]: { type: "string" } },
            required: ["a"],
          })),
        };
  assert.notEqual(compared(wide(4, "string"), wide(4, "number"))[0], "compatible");
});
