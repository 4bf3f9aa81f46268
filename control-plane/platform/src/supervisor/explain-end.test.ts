import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Exit } from "../runtimes/runtime.ts";
import { explainEnd } from "./explain-end.ts";
import type { Instance } from "./instance.ts";

async function explained(t: TestContext, exit: Exit, log: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), "kerf-end-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const logFile = join(directory, "main-1.log");
  writeFileSync(logFile, `${log.join("\n")}\n`);
  const record = { unit: "main", logFile, logFrom: 0 };
  const instance = { record, readyMs: 30_000 } as unknown as Instance;
  return explainEnd(instance, { exit, wasReady: true });
}

test("a full heap is called so, and Node's own frames are left out", async (t) => {
  const frames = Array.from({ length: 30 }, (_, index) => `${index}: 0x840e5${index} [/bin/node]`);
  const fatal = "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory";
  const exit = { kind: "signal", signal: "SIGABRT" } as const;
  const { error, log } = await explained(t, exit, [fatal, "----- Native stack -----", ...frames]);
  assert.equal(error.message, "The unit main ended: its heap was full.");
  assert.match(error.fix ?? "", /Raise limits\.main/);
  assert.deepEqual(log, [fatal, "----- Native stack -----"]);
});

test("a line that is structured and no error is no reason for an end", async (t) => {
  const warning = JSON.stringify({ level: "warn", message: "not served", error: "Error: away" });
  const exit = { kind: "code", code: 3 } as const;
  assert.equal((await explained(t, exit, [warning])).error.why, undefined);
  const told = await explained(t, exit, [warning, "TypeError: x is not a function"]);
  assert.equal(told.error.why, "TypeError: x is not a function");
});
