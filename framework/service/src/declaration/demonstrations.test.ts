import assert from "node:assert/strict";
import { test } from "node:test";
import { demonstrationProblems } from "./demonstrations.ts";

const operations = new Map([["orders", ["place"]]]);

test("demonstrations name what there is, and a handful of it", () => {
  const right = {
    "place an order": { call: "orders.place", input: {}, as: "ada" },
    "break orders": { stop: "orders" },
  };
  assert.deepEqual(demonstrationProblems(right, operations), []);
  const many = Array.from({ length: 9 }, (_, at) => [`stop ${at}`, { stop: "orders" }] as const);
  const problems = [
    ...demonstrationProblems({ "": { stop: "orders" } }, operations),
    ...demonstrationProblems({ one: { stop: "search" } }, operations),
    ...demonstrationProblems({ one: { call: "orders.fetch" } }, operations),
    ...demonstrationProblems({ one: { call: "search.find" } }, operations),
    ...demonstrationProblems(Object.fromEntries(many), operations),
  ];
  for (const [at, says] of [
    /1 to 40 letters/,
    /no service search/,
    /orders has no operation fetch/,
    /no service search/,
    /there are 9; 8 at most/,
  ].entries())
    assert.match(problems[at] ?? "", says);
  assert.equal(problems.length, 5);
});
