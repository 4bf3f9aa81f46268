import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { nextEpoch } from "./epoch.ts";
import { Home } from "./home.ts";
import { readJson, writeJson } from "./json-file.ts";

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kerf-home-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test("everything in the home is for its owner only, even where it was open before", (t) => {
  const root = join(temporary(t), "state");
  mkdirSync(root, { mode: 0o755 });
  chmodSync(root, 0o755);
  const home = Home.open(root);
  for (const path of [root, home.run, home.keys, home.logs, home.instances, home.snapshots]) {
    assert.equal(statSync(path).mode & 0o777, 0o700, path);
  }
});

test("sockets of a home with a long path lie in a short directory, the same one each time", (t) => {
  const root = join(temporary(t), "a-long-name-".repeat(10));
  const home = Home.open(root);
  t.after(() => rmSync(home.run, { recursive: true, force: true }));
  assert.equal(home.run.startsWith(root), false);
  assert.ok(Buffer.byteLength(join(home.postgresSocket("payments"), ".s.PGSQL.5432")) <= 103);
  assert.ok(Buffer.byteLength(home.instanceSocket(`${"u".repeat(40)}-123456`)) <= 103);
  assert.equal(statSync(home.run).mode & 0o777, 0o700);
  assert.equal(Home.open(root).run, home.run);
});

test("what is no directory is refused with what to do", (t) => {
  const root = join(temporary(t), "file");
  writeFileSync(root, "");
  assert.throws(
    () => Home.open(root),
    (error: KerfError) => error.code === "start_failed" && /KERF_HOME/.test(error.fix ?? ""),
  );
});

test("epochs grow with each platform, also after a state file was broken", async (t) => {
  const file = join(temporary(t), "epoch.json");
  assert.equal(await nextEpoch(file), 1);
  assert.equal(await nextEpoch(file), 2);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("a state file that is no JSON is set aside instead of keeping everything from starting", async (t) => {
  const file = join(temporary(t), "state.json");
  await writeJson(file, { a: 1 });
  assert.deepEqual(readJson(file), { a: 1 });
  writeFileSync(file, '{"a":');
  assert.equal(readJson(file), undefined);
  assert.equal(statSync(`${file}.unreadable`).size, 5);
  assert.equal(readJson(file), undefined);
});
