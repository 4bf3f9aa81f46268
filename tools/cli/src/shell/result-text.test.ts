import assert from "node:assert/strict";
import { test } from "node:test";
import { plain } from "../output/paint.ts";
import { resultText } from "./result-text.ts";

const base = { command: "SELECT", truncated: false, notices: [] };

test("rows are aligned, numbers to the right, nulls marked, control characters harmless", () => {
  const result = {
    ...base,
    columns: ["id", "name"],
    rowCount: 3,
    rows: [
      ["1", "a"],
      ["20", null],
      ["3", "x\ny\u001b[2J"],
    ],
  };
  assert.equal(
    resultText(result, plain),
    [" id │ name", "────┼─────────", "  1 │ a", " 20 │ ∅", "  3 │ x↵y·[2J", "(3 rows)"].join("\n"),
  );
});

test("what gives no rows says what it did", () => {
  assert.equal(
    resultText({ ...base, columns: [], rows: [], command: "UPDATE", rowCount: 2 }, plain),
    "UPDATE 2",
  );
  assert.equal(
    resultText({ ...base, columns: [], rows: [], command: "CREATE", rowCount: null }, plain),
    "CREATE",
  );
});

test("a cut result says so", () => {
  const result = { ...base, columns: ["a"], rows: [["1"]], rowCount: 5_000, truncated: true };
  assert.match(resultText(result, plain), /\(1 row, and there are more\)$/);
});
