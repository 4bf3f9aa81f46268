import assert from "node:assert/strict";
import { test } from "node:test";
import { inlineValues, oneSelect } from "@kerf/data";
import fc from "fast-check";
import { statementsOf } from "./literals.ts";
import { StatementTable } from "./statement-table.ts";

const text = fc
  .array(
    fc.oneof(
      fc.string(),
      fc.constantFrom(
        "'",
        "\\",
        '"',
        "$1",
        ";",
        ";\n",
        " E'",
        "array[",
        "]",
        ", ",
        "null",
        "7",
        "?",
      ),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));
const scalar = fc.oneof(
  text,
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.boolean(),
  fc.constant(null),
);
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));

const table = new StatementTable([
  {
    name: "three",
    sql: "select f($1::smallint, $3, $2) where x = 'a' and y > -1 and z is not null",
    work() {
      throw new Error("It is only looked for.");
    },
  },
]);
const { sql } = table.named("three");

/** A number that JavaScript cannot hold stays as it is written. */
function read(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(read);
  if (typeof given !== "bigint") return given;
  return Number.isSafeInteger(Number(given)) ? Number(given) : String(given);
}

test("what is written into a text is read back as it was given", () => {
  fc.assert(
    fc.property(fc.tuple(value, value, value), (values) => {
      const { known, inlined } = table.find(inlineValues({ text: sql, values }));
      assert.equal(known.name, "three");
      assert.deepEqual(inlined, values.map(read));
    }),
  );
});

test("a message falls into its statements and nowhere else", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value), { minLength: 1, maxLength: 3 }), (all) => {
      const statements = all.map((values) => inlineValues({ text: sql, values }));
      assert.deepEqual(statementsOf([...statements, "commit"].join(";\n")), [
        ...statements,
        "commit",
      ]);
    }),
  );
});

test("a statement that calls several functions falls into its calls", () => {
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 4 }), (all) => {
      const calls = all.map((each) => ({ text: "select kerf.one($1)", values: [each] }));
      assert.deepEqual(statementsOf([...oneSelect(calls), "commit"].join(";\n")), [
        ...calls.map(inlineValues),
        "commit",
      ]);
    }),
  );
});

test("another constant is another statement", () => {
  const values = [1, 2, 3];
  for (const [from, to] of [
    ["'a'", "'b'"],
    ["-1", "-2"],
    ["not null", "not true"],
  ] as const) {
    assert.throws(() => table.find(inlineValues({ text: sql.replace(from, to), values })), {
      message: /does not know this statement/,
    });
  }
});
