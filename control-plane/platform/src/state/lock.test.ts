import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { KerfError } from "@kerf/kernel";
import { identify } from "../runtimes/process-identity.ts";
import { lockHome } from "./lock.ts";

function lockFile(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kerf-lock-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "platform.lock");
}

test("a second platform on the same home is refused and told who has it", (t) => {
  const file = lockFile(t);
  const release = lockHome(file, "/srv/of/kerf");
  assert.throws(
    () => lockHome(file, "/srv/of/kerf"),
    (error: KerfError) =>
      error.code === "start_failed" &&
      error.message.includes("/srv/of/kerf") &&
      error.message.includes(`process ${process.pid}`) &&
      error.fix !== undefined,
  );
  release();
  assert.equal(existsSync(file), false);
  lockHome(file, "/srv/of/kerf")();
});

test("the lock of a process that was killed is taken over", async (t) => {
  const file = lockFile(t);
  const child = spawn("sleep", ["60"]);
  await once(child, "spawn");
  writeFileSync(file, JSON.stringify(identify(child.pid as number)));
  assert.throws(() => lockHome(file, "home"), /Another platform/);
  child.kill("SIGKILL");
  await once(child, "exit");
  const release = lockHome(file, "home");
  assert.equal((JSON.parse(readFileSync(file, "utf8")) as { pid: number }).pid, process.pid);
  release();
});

test("a lock whose pid another process has by now does not count, nor does a broken one", (t) => {
  const file = lockFile(t);
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: "some other time" }));
  lockHome(file, "home")();
  writeFileSync(file, "{ half");
  lockHome(file, "home")();
});
