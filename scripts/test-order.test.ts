import assert from "node:assert/strict";
import { test } from "node:test";
import { root } from "./root.ts";
import { testFiles } from "./test-files.ts";
import { besideAndAlone, longestFirst } from "./test-order.ts";

test("every file is run once, whatever the order", () => {
  const ordinary = testFiles(root, "ordinary");
  const ordered = longestFirst(ordinary);
  assert.deepEqual(ordered.toSorted(), ordinary);
  assert.ok(ordered[0]?.startsWith("tests/"));
  const engines = testFiles(root, "engines");
  const { alone, beside } = besideAndAlone(engines);
  assert.deepEqual([...alone, ...beside].toSorted(), engines);
  assert.ok(alone.includes("tests/chaos.engine.test.ts"));
  assert.deepEqual(longestFirst(beside).toSorted(), beside);
  assert.equal(longestFirst(beside)[0], "tests/docker/foreign-image.engine.test.ts");
  assert.ok(beside.includes("tests/init.engine.test.ts"));
});
