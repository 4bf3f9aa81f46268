import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { explain } from "./failure.mjs";
import { npmCi } from "./npm-ci.mjs";

test("when npm fails, its first words, the log and what to do are shown", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "kerf-npm-ci-"));
  t.after(() => rmSync(root, { recursive: true }));
  mkdirSync(join(root, "left"));
  const write = (path: string, content: object): void =>
    writeFileSync(join(root, path), JSON.stringify(content));
  write("package.json", { name: "app", version: "1.0.0", dependencies: { left: "file:./left" } });
  write("left/package.json", { name: "left", version: "1.0.0" });
  write("package-lock.json", {
    name: "app",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: { "": { name: "app", version: "1.0.0" } },
  });

  const holders: (number | undefined)[] = [];
  const failure: unknown = await npmCi(root, (pid?: number) => holders.push(pid)).catch(
    (error: unknown) => error,
  );
  const text = explain(failure);
  assert.match(text, /npm could not install the workspace \(exit code 1\)/);
  assert.match(text, /npm error code EUSAGE/);
  assert.match(text, /npm-install\.log/);
  assert.match(text, /What to do: package\.json was changed without its lock file/);
  assert.equal(typeof holders[0], "number", "npm holds the lock while it runs");
  assert.equal(holders.at(-1), undefined, "and no longer afterwards");
});
