import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";

const launcher = resolve(import.meta.dirname, "../fixtures/launch/launcher.mjs");

test("the command gets the arguments, its exit code is passed on", async (t) => {
  const { child, line } = start(t, [process.execPath, launcher, "--cut", "none"]);
  assert.match((await line()) ?? "", /^ready \d+ --cut none$/);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [42, null]);
});

test("one Ctrl-C that arrives three times reaches the command once", async (t) => {
  const { child, line } = start(t, [process.execPath, launcher]);
  await line();
  child.kill("SIGINT");
  assert.equal(await line(), "interrupt 1");
  child.kill("SIGINT");
  child.kill("SIGINT");
  child.kill("SIGTERM");
  assert.equal(await line(), undefined, "nothing more was said before SIGTERM ended it");
});

test("kill -9 of the launching process cuts the lifeline", async (t) => {
  const { child, line } = start(t, [process.execPath, launcher]);
  await line();
  child.kill("SIGKILL");
  assert.equal(await line(), "lifeline cut");
});

test("kill -9 of npm cuts the lifeline", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-launch-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ scripts: { start: `"${process.execPath}" "${launcher}"` } }),
  );
  const { child, line } = start(t, ["npm", "start", "--silent"], folder);
  assert.match((await line()) ?? "", /^ready/);
  child.kill("SIGKILL");
  assert.equal(await line(), "lifeline cut");
});

/** Starts a command; `line` answers its next line, undefined when it has closed its output. */
function start(t: TestContext, [file, ...args]: string[], cwd = process.cwd()) {
  const env: NodeJS.ProcessEnv = { ...process.env, TEST_NODE: process.execPath };
  // Otherwise the npm that runs this test would count as the one to watch.
  delete env["npm_lifecycle_event"];
  const child: ChildProcess = spawn(file!, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const line = async (): Promise<string | undefined> => {
    const next = await lines.next();
    return next.done === true ? undefined : next.value;
  };
  return { child, line };
}
