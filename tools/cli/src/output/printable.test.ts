import assert from "node:assert/strict";
import { test } from "node:test";
import { oneLine, printable } from "./printable.ts";

test("what others wrote cannot steer the terminal", () => {
  assert.equal(printable("a\u001b[2J\u0007b\u009b1m\n\tc"), "a·[2J·b·1m\n\tc");
  assert.equal(oneLine("a\r\nb\tc\u001b"), "a↵b c·");
});
