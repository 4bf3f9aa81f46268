import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { frameType, versions } from "./frame.ts";
import { closeReasons } from "./violation.ts";

test("the page on the wire names every frame type and every reason to close, and the version", async () => {
  const url = new URL("../../../../../docs/architecture/wire.md", import.meta.url);
  const page = await readFile(url, "utf8");
  for (const [name, type] of Object.entries(frameType)) {
    assert.match(page, new RegExp(`^\\| ${type} \\| ${name.toUpperCase()} \\|`, "m"));
  }
  for (const reason of closeReasons) assert.ok(page.includes(`\`${reason}\``), reason);
  assert.ok(page.includes(`one number, now ${versions.max}.`));
});
