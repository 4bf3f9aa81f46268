import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { scenarios } from "./index.ts";

test("the page on crash points names every scenario, and each has a name of its own", () => {
  const page = readFileSync(
    new URL("../../../docs/architecture/crash-points.md", import.meta.url),
    "utf8",
  );
  const names = scenarios.map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
  assert.equal(new Set(names).size, names.length);
});
