import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import type { AppManifest } from "@kerf/service";
import { isUnchanged, keepApp, type LastApp, lastApp } from "./last-app.ts";

let place: string;
let file: string;
let app: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "kerf-last-app-"));
  app = join(place, "app.ts");
  file = join(place, "service.ts");
  writeFileSync(file, "one");
});

afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Keeps what was read from the file, and gives what the next platform knows of it. */
async function kept(since = Number.MAX_SAFE_INTEGER): Promise<LastApp> {
  await keepApp(place, app, { app: "test", files: [file] } as unknown as AppManifest, since);
  return lastApp(place, app) as LastApp;
}

test("what nobody touched is unchanged; another app was never read", async () => {
  const last = await kept();
  assert.equal(isUnchanged(last), true);
  assert.equal(last.manifest.app, "test");
  assert.equal(lastApp(place, "/somewhere/else.ts"), undefined);
});

test("a file that is written, replaced by one of the same size and time, or removed is a change", async () => {
  const { atime, mtime } = statSync(file);
  const written = await kept();
  writeFileSync(file, "two");
  utimesSync(file, atime, mtime);
  assert.equal(isUnchanged(written), false);
  const replaced = await kept();
  writeFileSync(`${file}.new`, "six");
  utimesSync(`${file}.new`, atime, mtime);
  renameSync(`${file}.new`, file);
  assert.equal(isUnchanged(replaced), false);
  const removed = await kept();
  rmSync(file);
  assert.equal(isUnchanged(removed), false);
});

test("what was changed while it was being read is not taken for what was read", async () => {
  assert.equal(isUnchanged(await kept(statSync(file).ctimeMs)), false);
});

test("what was read under other circumstances is read again", async () => {
  const { circumstances: _, ...older } = await kept();
  assert.equal(isUnchanged(older), false);
  const last = await kept();
  const packages = join(place, "node_modules");
  mkdirSync(packages);
  writeFileSync(join(packages, ".package-lock.json"), "{}");
  assert.equal(isUnchanged(last), false, "packages were installed");
  const installed = await kept();
  assert.equal(isUnchanged(installed), true);
  const { TZ } = process.env;
  process.env["TZ"] = "Asia/Kathmandu";
  try {
    assert.equal(isUnchanged(installed), false, "it sees another environment");
  } finally {
    if (TZ === undefined) delete process.env["TZ"];
    else process.env["TZ"] = TZ;
  }
});
