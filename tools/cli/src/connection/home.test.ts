import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { findHome, homeToStart } from "./home.ts";

test("the state of a platform is found from any folder of its project", (t) => {
  const project = mkdtempSync(join(tmpdir(), "kerf-home-"));
  t.after(() => rmSync(project, { recursive: true }));
  const inside = join(project, "orders", "migrations");
  mkdirSync(inside, { recursive: true });
  assert.throws(() => findHome(undefined, {}, inside), { code: "platform_unreachable" });

  // A folder of that name that never held a platform is passed over.
  mkdirSync(join(project, "orders", ".kerf"));
  mkdirSync(join(project, ".kerf"));
  writeFileSync(join(project, ".kerf", "token"), "");
  assert.equal(findHome(undefined, {}, inside), join(project, ".kerf"));
  assert.equal(findHome(undefined, { KERF_HOME: "/elsewhere" }, inside), "/elsewhere");
  assert.equal(findHome("state", { KERF_HOME: "/elsewhere" }, project), join(project, "state"));
});

test("a new app keeps its state beside its package.json", (t) => {
  const project = mkdtempSync(join(tmpdir(), "kerf-home-"));
  t.after(() => rmSync(project, { recursive: true }));
  mkdirSync(join(project, "src"));
  writeFileSync(join(project, "package.json"), "{}");
  assert.equal(homeToStart(undefined, {}, join(project, "src")), join(project, ".kerf"));
  assert.equal(homeToStart(undefined, { KERF_HOME: "state" }, project), join(project, "state"));
});
