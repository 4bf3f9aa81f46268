import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readHistory, writeHistory } from "./history.ts";

test("statements are kept for their owner only, without those that may hold a secret", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kerf-history-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const file = join(directory, "sql-history.json");
  assert.deepEqual(readHistory(file), []);
  writeHistory(file, [
    "select 2",
    "alter role x password 'p'",
    "update users set token = 't'",
    "select\n1",
  ]);
  assert.deepEqual(readHistory(file), ["select 2", "select\n1"]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});
