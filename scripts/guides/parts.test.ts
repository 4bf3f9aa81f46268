import assert from "node:assert/strict";
import { test } from "node:test";
import { filled } from "./parts.ts";

const page = "before\n<!-- table: from x.ts -->\nold\n<!-- /table -->\nafter\n";

test("a part is replaced between its marks, and is the same the second time", () => {
  const once = filled(page, { table: "$1 new" });
  assert.equal(once, "before\n<!-- table: from x.ts -->\n\n$1 new\n\n<!-- /table -->\nafter\n");
  assert.equal(filled(once, { table: "$1 new" }), once);
});

test("a page that lost its marks is an error, not a page without its table", () => {
  assert.throws(() => filled("nothing", { table: "x" }), /table/);
});
