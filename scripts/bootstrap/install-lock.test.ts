import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { withInstallLock } from "./install-lock.mjs";

test("two invocations install one after the other", async (t) => {
  const root = checkout(t);
  const order: string[] = [];
  let enter = (): void => {};
  const entered = new Promise<void>((resolve) => (enter = resolve));
  let leave = (): void => {};
  const left = new Promise<void>((resolve) => (leave = resolve));

  const first = withInstallLock(root, async () => {
    enter();
    await left;
    order.push("first");
  });
  await entered;
  const second = withInstallLock(root, async () => order.push("second"));
  leave();
  await Promise.all([first, second]);

  assert.deepEqual(order, ["first", "second"]);
  assert.equal(existsSync(lockOf(root)), false);
});

test("a lock whose holders were killed is taken over", async (t) => {
  const root = checkout(t);
  const gone = spawnSync(process.execPath, ["-e", ""]).pid;
  writeFileSync(lockOf(root), String(gone));
  assert.equal(await withInstallLock(root, async () => "installed"), "installed");
});

test("npm counts as a holder, so that it is waited for when only its parent was killed", async (t) => {
  const root = checkout(t);
  await withInstallLock(root, async (hold) => {
    hold(4711);
    assert.equal(readFileSync(lockOf(root), "utf8"), `${process.pid} 4711`);
    hold();
    assert.equal(readFileSync(lockOf(root), "utf8"), String(process.pid));
  });
});

function checkout(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), "kerf-install-lock-"));
  t.after(() => rmSync(root, { recursive: true }));
  return root;
}

function lockOf(root: string): string {
  return join(root, ".kerf-install.lock");
}
