import assert from "node:assert/strict";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { lastLines } from "./last-lines.ts";
import { rotate } from "./log-rotation.ts";

function log(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kerf-log-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "orders-1.log");
}

test("a log is set aside twice, then the oldest goes; the program that writes it notices nothing", async (t) => {
  const file = log(t);
  const held = openSync(file, "a");
  for (const text of ["first", "second", "third", "fourth"]) {
    writeSync(held, `${text}\n`);
    assert.equal(await rotate(file, 3), true);
  }
  writeSync(held, "now\n");
  assert.equal(readFileSync(file, "utf8"), "now\n");
  assert.equal(readFileSync(`${file}.1`, "utf8"), "fourth\n");
  assert.equal(readFileSync(`${file}.2`, "utf8"), "third\n");
  assert.equal(existsSync(`${file}.3`), false);
});

test("a small log, or none, is left alone", async (t) => {
  const file = log(t);
  assert.equal(await rotate(file), false);
  appendFileSync(file, "a line\n");
  assert.equal(await rotate(file), false);
});

test("the last lines are those since a start, whole ones, and all of a log that was rotated since", async (t) => {
  const file = log(t);
  appendFileSync(file, "of the run before\n");
  const from = 18;
  assert.deepEqual(await lastLines(file, from, 5), []);
  appendFileSync(file, `one\n\ntwo\n${"x".repeat(20_000)}\nthree\nfour\n`);
  assert.deepEqual(await lastLines(file, from, 2), ["three", "four"]);
  assert.deepEqual(
    await lastLines(file, from, 9),
    ["three", "four"],
    "the window begins inside of a line",
  );
  assert.deepEqual(await lastLines(file, 1_000_000, 1), ["four"]);
  assert.deepEqual(await lastLines(`${file}.none`, 0, 5), []);
});
