import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { CompileCache, pruneCompileCache } from "./compile-cache.ts";

const folder = mkdtempSync(join(tmpdir(), "kerf-compile-cache-"));
after(() => rmSync(folder, { recursive: true, force: true }));

test("programs share a folder that only we may enter, unless somebody says otherwise", () => {
  const directory = join(folder, "compiled");
  const cache = new CompileCache(directory, systemClock);
  assert.deepEqual(cache.variables({}), { NODE_COMPILE_CACHE: directory });
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(cache.variables({ NODE_COMPILE_CACHE: "/theirs" }), {});
  assert.deepEqual(cache.variables({ NODE_DISABLE_COMPILE_CACHE: "1" }), {});
});

test("the oldest goes when it has grown beyond its bound", async () => {
  const directory = join(folder, "full");
  mkdirSync(join(directory, "v26"), { recursive: true });
  for (const [age, name] of ["new", "older", "oldest"].entries()) {
    const file = join(directory, "v26", name);
    writeFileSync(file, "x".repeat(100));
    utimesSync(file, 1_000 - age, 1_000 - age);
  }
  await pruneCompileCache(directory, 200);
  assert.deepEqual(readdirSync(join(directory, "v26")).toSorted(), ["new", "older"]);
});
