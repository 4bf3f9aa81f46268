import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonSchema, toJsonSchema } from "@kerf/contract";
import fc from "fast-check";
import { z } from "zod";
import { clientRequest } from "./client-request.ts";
import { InputReader } from "./coerce.ts";
import { splitTarget } from "./request-path.ts";

function reader(
  method: "GET" | "POST",
  schema: z.ZodType | JsonSchema,
  names: string[] = [],
): InputReader {
  const json = "~standard" in schema ? toJsonSchema(schema as z.ZodType, "input") : schema;
  return new InputReader(method, json as JsonSchema, names);
}

test("text becomes what the schema asks for, and stays text where it does not fit", () => {
  const schema = z.object({
    int: z.int().optional(),
    num: z.number().nullable().optional(),
    bool: z.boolean().default(true),
    text: z.string().optional(),
    texts: z.array(z.string()).optional(),
    ints: z.array(z.int()).optional(),
    size: z.enum(["1", "2"]).optional(),
    level: z.union([z.literal(1), z.literal(2), z.literal("all")]).optional(),
    mixed: z.union([z.number(), z.string()]).optional(),
    either: z.union([z.int(), z.array(z.int())]).optional(),
  });
  const read = reader("GET", schema);
  const cases: [query: string, input: unknown][] = [
    ["", {}],
    ["&&", {}],
    ["int=5", { int: 5 }],
    ["int=-5", { int: -5 }],
    ["int=5.5", { int: "5.5" }],
    ["int=05", { int: "05" }],
    ["int=0x5", { int: "0x5" }],
    ["int=9007199254740993", { int: "9007199254740993" }],
    ["int=", { int: "" }],
    ["int=%205", { int: " 5" }],
    ["int=1&int=2", { int: [1, 2] }],
    ["num=-1.5e3", { num: -1500 }],
    ["num=1e999", { num: "1e999" }],
    ["num=NaN", { num: "NaN" }],
    ["num=null", { num: null }],
    ["bool=true", { bool: true }],
    ["bool=false", { bool: false }],
    ["bool=1", { bool: "1" }],
    ["text=5", { text: "5" }],
    ["text=null", { text: "null" }],
    ["text=a+b%2Bc", { text: "a b+c" }],
    ["text=a=b", { text: "a=b" }],
    ["text", { text: "" }],
    ["text=a&text=b", { text: ["a", "b"] }],
    ["texts=5", { texts: ["5"] }],
    ["ints=1&ints=x", { ints: [1, "x"] }],
    ["size=1", { size: "1" }],
    ["level=1&", { level: 1 }],
    ["level=all", { level: "all" }],
    ["level=3", { level: "3" }],
    ["mixed=5", { mixed: "5" }],
    ["either=1", { either: [1] }],
    ["unknown=5", { unknown: "5" }],
  ];
  for (const [query, input] of cases)
    assert.deepEqual(read.read({}, query, undefined), input, query);
  for (const query of ["text=%", "%zz=1", "text=%ff"]) {
    assert.throws(() => read.read({}, query, undefined), { code: "invalid_input" }, query);
  }
});

test("references, unions of objects and nullable fields are looked through", () => {
  const schema: JsonSchema = {
    $ref: "#/$defs/Search",
    $defs: {
      Search: {
        allOf: [
          { properties: { page: { $ref: "#/$defs/Page" } } },
          { anyOf: [{ properties: { on: { const: true } } }] },
        ],
      },
      Page: { anyOf: [{ type: "integer" }, { type: "null" }] },
      Loop: { $ref: "#/$defs/Loop" },
    },
    properties: { never: { $ref: "#/$defs/Loop" } },
  };
  assert.deepEqual(reader("GET", schema).read({}, "page=3&on=true&never=1", undefined), {
    page: 3,
    on: true,
    never: "1",
  });
});

test("the path wins, and a body or query that says otherwise is refused", () => {
  const schema = z.object({ id: z.int(), name: z.string().optional() });
  const put = reader("POST", schema, ["id"]);
  assert.deepEqual(put.read({ id: "7" }, "id=9", { name: "a" }), { id: 7, name: "a" });
  assert.deepEqual(put.read({ id: "7" }, "", { id: 7 }), { id: 7 });
  assert.deepEqual(put.read({ id: "7" }, "", undefined), { id: 7 });
  assert.deepEqual(put.read({ id: "x" }, "", undefined), { id: "x" });
  for (const body of [{ id: 8 }, { id: "7" }, [], null, "text"]) {
    assert.throws(() => put.read({ id: "7" }, "", body), { code: "invalid_input" });
  }
  const get = reader("GET", schema, ["id"]);
  assert.deepEqual(get.read({ id: "7" }, "name=a&id=7", undefined), { id: 7, name: "a" });
  assert.throws(() => get.read({ id: "7" }, "id=8", undefined), { code: "invalid_input" });
});

test("a body without path parameters is the input, whatever it is", () => {
  const post = reader("POST", z.array(z.int()));
  assert.deepEqual(post.read({}, "", [1]), [1]);
  assert.equal(post.read({}, "", null), null);
  assert.deepEqual(post.read({}, "", undefined), {});
});

test("nothing in a query reaches a prototype", () => {
  const read = reader("GET", { type: "object" });
  assert.throws(() => read.read({}, "__proto__=1", undefined), { code: "invalid_input" });
  const input = read.read({}, "constructor=1&toString=2&hasOwnProperty=3", undefined);
  assert.deepEqual(Object.entries(input as object), [
    ["constructor", "1"],
    ["toString", "2"],
    ["hasOwnProperty", "3"],
  ]);
  assert.equal(({} as Record<string, unknown>)["1"], undefined);
});

test("what a client writes into a query is what the edge reads", () => {
  const schema = z.object({
    s: z.string().optional(),
    n: z.number().optional(),
    b: z.boolean().optional(),
    l: z.array(z.string()).optional(),
    i: z.array(z.int()).optional(),
  });
  const read = reader("GET", schema);
  const text = fc.string({ unit: "grapheme" });
  const number = fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (Object.is(value, -0) ? 0 : value));
  const input = fc.record(
    {
      s: text,
      n: number,
      b: fc.boolean(),
      l: fc.array(text, { minLength: 1 }),
      i: fc.array(
        fc.maxSafeInteger().map((value) => (Object.is(value, -0) ? 0 : value)),
        { minLength: 1 },
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(input, (given) => {
      const { target } = clientRequest({ method: "GET", path: "/x", status: 200 }, given, "test");
      assert.deepEqual(read.read({}, splitTarget(target).query, undefined), { ...given });
    }),
  );
  fc.assert(
    fc.property(fc.string(), (query) => {
      try {
        read.read({}, query, undefined);
      } catch (thrown) {
        assert.equal((thrown as { code?: string }).code, "invalid_input");
      }
    }),
  );
});
