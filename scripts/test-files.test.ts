import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { testFiles } from "./test-files.ts";

test("tests are found beside the code, and neither in templates, fixtures nor packages", (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-test-files-"));
  t.after(() => rmSync(root, { recursive: true }));
  const write = (path: string) => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), "");
  };
  write("framework/call/src/retry.ts");
  write("framework/call/src/policies/retry.test.ts");
  write("framework/call/dist/policies/retry.test.ts");
  write("tests/clone.engine.test.ts");
  write("examples/shop/orders/orders.test.ts");
  write("examples/shop/node_modules/x/x.test.ts");
  write("tools/cli/src/templates/app.test.ts");
  write("scripts/fixtures/layers/broken.test.ts");

  assert.deepEqual(testFiles(root, "ordinary"), [
    "examples/shop/orders/orders.test.ts",
    "framework/call/src/policies/retry.test.ts",
  ]);
  assert.deepEqual(testFiles(root, "engines"), ["tests/clone.engine.test.ts"]);
});
