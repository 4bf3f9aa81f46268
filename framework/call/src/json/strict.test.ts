import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { KerfError } from "@kerf/kernel";
import { assertJson, jsonProblems } from "./strict.ts";

class Money {
  amount = 1;
}

const rows: readonly [value: unknown, problems: readonly string[]][] = [
  [{ at: new Date(0) }, ["at: a Date does not stay what it is"]],
  [[1, undefined], ["[1]: undefined in an array becomes null"]],
  [{ items: [{ n: Number.NaN }] }, ["items[0].n: NaN becomes null"]],
  [{ n: Number.POSITIVE_INFINITY }, ["n: Infinity becomes null"]],
  [{ n: -0 }, ["n: -0 becomes 0"]],
  [{ m: new Map() }, ["m: a Map does not stay what it is"]],
  [{ s: new Set() }, ["s: a Set does not stay what it is"]],
  [{ n: 1n }, ["n: a bigint is not JSON"]],
  [{ f: () => {} }, ["f: a function is not JSON"]],
  [{ s: Symbol("s") }, ["s: a symbol is not JSON"]],
  [{ m: new Money() }, ["m: a Money does not stay what it is"]],
  [{ b: new Uint8Array(2) }, ["b: an Uint8Array does not stay what it is"]],
  [1n, [": a bigint is not JSON"]],
  [{ a: undefined, b: Object.create(null) as object }, []],
  [undefined, []],
];

for (const [value, problems] of rows) {
  test(`${problems[0] ?? "what may be left out is left out"}`, () => {
    assert.deepEqual(
      jsonProblems(value).map(({ path, message }) => `${path}: ${message}`),
      problems.map((problem) => (problem.startsWith(":") ? `: ${problem.slice(2)}` : problem)),
    );
  });
}

test("what JSON would bring back unchanged is never complained of, and the other way round", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const same = JSON.stringify(JSON.parse(JSON.stringify(value))) === JSON.stringify(value);
      assert.ok(same);
      const negativeZero = jsonProblems(value).every(({ message }) => message === "-0 becomes 0");
      assert.ok(negativeZero);
    }),
  );
});

test("a value that contains itself is refused, and a long list of problems is cut", () => {
  const loop: Record<string, unknown> = {};
  loop["again"] = loop;
  assert.equal(jsonProblems(loop).length, 1);
  assert.equal(jsonProblems(Array.from({ length: 1_000 }, () => 1n)).length, 20);
  assert.throws(
    () => assertJson({ at: new Date(0) }, "invalid_input", "shelf.get"),
    (error: KerfError) =>
      error.code === "invalid_input" && /shelf\.get .* at: a Date/.test(error.message),
  );
});
