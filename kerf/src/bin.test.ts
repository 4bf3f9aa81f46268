import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../bin/kerf.mjs", import.meta.url));

test("the installed command runs from a checkout without being told how", () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "--version"], {
    encoding: "utf8",
  });
  const manifest = new URL("../package.json", import.meta.url);
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: `${version}\n`, stderr: "" });
});

test("an old Node is told what it lacks", () => {
  const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } });`;
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", `data:text/javascript,${encodeURIComponent(old)}`, bin, "--version"],
    { encoding: "utf8" },
  );
  assert.equal(status, 78);
  assert.match(stderr, /needs Node 24\.12 or newer/);
  assert.match(stderr, /20\.1\.0/);
});
