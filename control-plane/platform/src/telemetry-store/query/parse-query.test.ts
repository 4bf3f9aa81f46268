import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import fc from "fast-check";
import { parseQuery } from "./parse-query.ts";
import type { Query } from "./query.ts";

/** A tree in one line. */
function text(query: Query): string {
  switch (query.kind) {
    case "word":
      return JSON.stringify(query.text);
    case "condition":
      return `${query.field} ${query.comparison} ${query.value}`;
    case "not":
      return `not(${text(query.term)})`;
    default:
      return `${query.kind}(${query.terms.map(text).join(", ")})`;
  }
}

const readings: readonly (readonly [query: string, means: string])[] = [
  ["", "all()"],
  ["status:error", "status matches error"],
  ["status:error service:payments", "all(status matches error, service matches payments)"],
  ["duration:>500ms", "duration > 500ms"],
  ["duration:>=1s duration:<2s", "all(duration >= 1s, duration < 2s)"],
  ["@order.id:7", "@order.id matches 7"],
  ["@a/b-c:x", "@a/b-c matches x"],
  ['service:"two words"', "service matches two words"],
  ["declined", '"declined"'],
  ['"card declined" x', 'all("card declined", "x")'],
  ['"say \\"no\\""', '"say \\"no\\""'],
  ["-status:error", "not(status matches error)"],
  ["NOT declined", 'not("declined")'],
  ["a OR b c", 'any("a", all("b", "c"))'],
  ["(a OR b) c", 'all(any("a", "b"), "c")'],
  ["a AND b", 'all("a", "b")'],
  ["@n:-5", "@n matches -5"],
  ["@t:>-5", "@t > -5"],
  ["time:>2026-11-22T10:00:00Z", "time > 2026-11-22T10:00:00Z"],
  ["@url:http://a/b?c", "@url matches http://a/b?c"],
  ['"OR"', '"OR"'],
];

for (const [query, means] of readings)
  test(`the query ${JSON.stringify(query)}`, () => assert.equal(text(parseQuery(query)), means));

test("what cannot be read says where", () => {
  for (const [query, at] of [
    ["status:", 1],
    ["(a", 1],
    ["a )", 3],
    ['"open', 1],
    ["service: status:error", 1],
    ["duration:>", 10],
    ["-", 1],
  ] as const) {
    assert.throws(
      () => parseQuery(query),
      (error: KerfError) => {
        assert.equal(error.code, "invalid_input", query);
        assert.match(error.message, new RegExp(`at character ${at}:`), query);
        return true;
      },
    );
  }
});

test("whatever is typed is read or refused, never more", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from('ab:@"()-<> \\OR*é')) }),
      (query) => {
        try {
          parseQuery(query);
        } catch (error) {
          assert.ok(error instanceof KerfError);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
