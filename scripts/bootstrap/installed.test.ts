import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { installed, markInstalled } from "./installed.mjs";

const here = { os: [process.platform], cpu: [process.arch] };
const elsewhere = { os: ["plan9"], cpu: ["m68k"] };

test("a fresh clone is not installed, a marked one is, until the lock file changes", (t) => {
  const root = checkout(t, { "node_modules/zod": { version: "4.0.0", integrity: "a" } });
  assert.equal(installed(root), false);
  mkdirSync(join(root, "node_modules"));
  markInstalled(root);
  assert.equal(installed(root), true);
  lock(root, { "node_modules/zod": { version: "4.0.1", integrity: "b" } });
  assert.equal(installed(root), false);
});

test("what npm installed by hand counts when it is what the lock file says", (t) => {
  const zod = { version: "4.0.0", integrity: "a" };
  const root = checkout(t, {
    "": {},
    "framework/kernel": {},
    "node_modules/zod": zod,
    "node_modules/for-others": { version: "1.0.0", optional: true, ...elsewhere },
  });
  npmRecord(root, { "node_modules/zod": zod });
  assert.equal(installed(root), true);
});

test("another version, a deleted folder or a missing package for this platform do not count", (t) => {
  const zod = { version: "4.0.0", integrity: "a" };
  const root = checkout(t, { "node_modules/zod": zod });
  npmRecord(root, { "node_modules/zod": { ...zod, version: "3.0.0" } });
  assert.equal(installed(root), false);

  npmRecord(root, { "node_modules/zod": zod });
  rmSync(join(root, "node_modules/zod"), { recursive: true });
  assert.equal(installed(root), false);

  lock(root, { "node_modules/node-here": { version: "1.0.0", optional: true, ...here } });
  assert.equal(installed(root), false);
});

type Packages = Record<string, object>;

function checkout(t: TestContext, packages: Packages): string {
  const root = mkdtempSync(join(tmpdir(), "kerf-installed-"));
  t.after(() => rmSync(root, { recursive: true }));
  lock(root, packages);
  return root;
}

function lock(root: string, packages: Packages): void {
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages }));
}

/** Writes what npm leaves behind: its record and a folder for each package. */
function npmRecord(root: string, packages: Packages): void {
  for (const path of Object.keys(packages)) mkdirSync(join(root, path), { recursive: true });
  writeFileSync(join(root, "node_modules/.package-lock.json"), JSON.stringify({ packages }));
}
