import assert from "node:assert/strict";
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { ManualClock } from "@kerf/kernel";
import { AuditLog } from "./audit-log.ts";

function place(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kerf-audit-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "audit.jsonl");
}

const entry = (action: string, service?: string) => ({
  by: "ada",
  action,
  result: "done",
  ...(service === undefined ? undefined : { service }),
});

test("changes are kept in their order, and found by time and service", async (t) => {
  const file = place(t);
  const clock = new ManualClock();
  const log = new AuditLog(file, clock);
  await log.append(entry("restart"));
  await clock.advance(1_000);
  const since = new Date(clock.wall()).toISOString();
  await Promise.all([log.append(entry("sql", "orders")), log.append(entry("sql", "payments"))]);
  const actions = (question: Parameters<AuditLog["read"]>[0]) =>
    log.read(question).map(({ action, service }) => [action, service]);
  assert.deepEqual(actions({ limit: 10 }), [
    ["restart", undefined],
    ["sql", "orders"],
    ["sql", "payments"],
  ]);
  assert.deepEqual(actions({ limit: 10, since, service: "orders" }), [["sql", "orders"]]);
  assert.deepEqual(actions({ limit: 1 }), [["sql", "payments"]]);
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test("half a line of a platform that was killed takes nothing with it", async (t) => {
  const file = place(t);
  const log = new AuditLog(file, new ManualClock());
  await log.append(entry("first"));
  appendFileSync(file, '{"at":"2026-');
  await log.append(entry("second"));
  assert.deepEqual(
    log.read({ limit: 10 }).map(({ action }) => action),
    ["first", "second"],
  );
  assert.equal(readFileSync(file, "utf8").split("\n").length, 4);
});

test("old files are kept, as many as there may be, and read with the newest", async (t) => {
  const file = place(t);
  const log = new AuditLog(file, new ManualClock(), { bytes: 200, files: 3 });
  for (let n = 0; n < 30; n++) await log.append(entry(`change ${n}`));
  assert.equal(readdirSync(join(file, "..")).length, 3);
  const actions = log.read({ limit: 100 }).map(({ action }) => Number(action.split(" ")[1]));
  assert.ok(actions.length > 3 && actions.length < 30, `${actions.length} are left`);
  assert.deepEqual(
    actions,
    actions.map((_, index) => 30 - actions.length + index),
  );
});
