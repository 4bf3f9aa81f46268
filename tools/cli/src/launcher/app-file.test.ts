import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findApp } from "./app-file.ts";

test("the app is what --app, the folder or package.json names, in this order", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-app-"));
  t.after(() => rmSync(folder, { recursive: true }));
  assert.throws(() => findApp(undefined, folder), {
    code: "invalid_configuration",
    message: /no app/,
  });

  writeFileSync(join(folder, "package.json"), '{"kerf":{"app":"./main.ts"}}');
  assert.throws(() => findApp(undefined, folder), { message: /main\.ts does not exist/ });
  writeFileSync(join(folder, "main.ts"), "");
  assert.equal(findApp(undefined, folder), join(folder, "main.ts"));

  writeFileSync(join(folder, "app.ts"), "");
  assert.equal(findApp(undefined, folder), join(folder, "app.ts"));
  assert.equal(findApp("main.ts", folder), join(folder, "main.ts"));
  assert.throws(() => findApp("other.ts", folder), { code: "invalid_configuration" });
});

test("a package.json that is no JSON is said to be so", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-app-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "package.json"), "{");
  assert.throws(() => findApp(undefined, folder), {
    code: "invalid_configuration",
    message: /cannot be read/,
  });
});
