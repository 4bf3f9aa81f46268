import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { jsonFault } from "./json-fault.ts";

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test("names the line, the column and what would have been right", () => {
  const cases: [text: string, line: number, column: number, expected: string][] = [
    ["", 1, 1, "a value"],
    ["nul", 1, 1, "a value"],
    ['{"a":1,}', 1, 8, "a property name in double quotes"],
    ["{a:1}", 1, 2, 'a property name in double quotes or "}"'],
    ['{"a" 1}', 1, 6, '":"'],
    ['{\n  "a": 1\n  "b": 2\n}', 3, 3, '"," or "}"'],
    ["[1,2", 1, 5, '"," or "]"'],
    ["[,]", 1, 2, 'a value or "]"'],
    ["[1] [", 1, 5, "nothing more"],
    ['{"a":"\n"}', 1, 7, "no control character inside of a string"],
    ['"\\x"', 1, 2, "an escape sequence that JSON knows"],
    ['["abc', 1, 6, "the closing quote of a string"],
    ["01", 1, 2, "nothing more"],
  ];
  for (const [text, line, column, expected] of cases) {
    assert.deepEqual(jsonFault(text), { line, column, expected }, JSON.stringify(text));
  }
});

test("agrees with JSON.parse on what JSON is", () => {
  const damaged = fc
    .tuple(
      fc.json(),
      fc.nat(),
      fc.constantFrom("", '"', "\\", ",", "]", "}", "{", "0", "\n", "e", "-", "."),
    )
    .map(([text, at, piece]) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + piece + text.slice(cut + 1);
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.json(), fc.string()), (text) => {
      assert.equal(jsonFault(text) === undefined, parses(text));
    }),
    { numRuns: 2_000 },
  );
});

test("a megabyte of one string needs no stack", () => {
  assert.deepEqual(
    jsonFault(`"${"a\\n".repeat(350_000)}`)?.expected,
    "the closing quote of a string",
  );
  assert.equal(jsonFault("[".repeat(1_000_000))?.column, 1_000_001);
});
