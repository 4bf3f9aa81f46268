import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { readdir, readFile, stat } from "node:fs/promises";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { isAlive } from "../process-alive.ts";
import { startTemporaryServer } from "./temporary-server.ts";

test("stopped, nothing of it is left", async () => {
  const temporary = await startTemporaryServer();
  const { server, directory } = temporary;
  await Promise.all([temporary.stop(), temporary.stop()]);
  assert.equal(isAlive(server.pid), false);
  await assert.rejects(stat(directory), { code: "ENOENT" });
});

test("a start that fails leaves nothing", async () => {
  const begun = programsBegun();
  await assert.rejects(startTemporaryServer({ settings: { work_mem: "much" } }), {
    code: "start_failed",
  });
  const directory = guarded(begun);
  await assert.rejects(stat(directory), { code: "ENOENT" });
});

test("it ends with the process that started it, even when that is killed", async () => {
  const { child, lines } = starter();
  let pid = 0;
  let directory = "";
  for await (const line of lines) {
    ({ pid, directory } = JSON.parse(line) as { pid: number; directory: string });
    if (pid > 0) break;
  }
  assert.equal(isAlive(pid), true);
  child.kill("SIGKILL");
  await gone(directory);
  // Not our child: all that can be seen is that it is gone. The runner's own bound ends a wait in vain.
  while (isAlive(pid)) await wait(10);
});

test("killed while it starts, at each of the programs that a start runs, nothing of it is left", async () => {
  for (let moment = 1; ; moment += 1) {
    const { child, lines } = starter();
    let directory = "";
    let whole = false;
    let begun = 0;
    for await (const line of lines) {
      const said = JSON.parse(line) as { args?: string[]; directory?: string };
      if (said.args?.includes("kerf-guardian") === true) directory = said.args.at(-1) as string;
      whole = said.directory !== undefined;
      begun += 1;
      if (whole || begun === moment) break;
    }
    child.kill("SIGKILL");
    assert.match(directory, /kerf-pg-/, "the guardian comes first");
    await gone(directory);
    while (await servedFrom(directory)) await wait(10);
    if (whole) {
      assert.ok(moment > 3, `${moment - 1} programs were seen`);
      return;
    }
  }
});

/** A process that starts a temporary server and says of each program it runs, and at last of the server, a line. */
function starter() {
  const program = `
    const { subscribe } = await import("node:diagnostics_channel");
    const { startTemporaryServer } = await import(${JSON.stringify(import.meta.resolve("./temporary-server.ts"))});
    subscribe("child_process", ({ process }) =>
      process.once("spawn", () => console.log(JSON.stringify({ args: process.spawnargs }))));
    const { server, directory } = await startTemporaryServer();
    console.log(JSON.stringify({ pid: server.pid, directory }));
    setInterval(() => undefined, 1000);`;
  const child = spawn(
    process.execPath,
    [...process.execArgv, "--input-type=module", "-e", program],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  return { child, lines: createInterface(child.stdout) };
}

/** The programs that this process begins from now on. */
function programsBegun(): ChildProcess[] {
  const begun: ChildProcess[] = [];
  subscribe("child_process", (message) => {
    begun.push((message as { process: ChildProcess }).process);
  });
  return begun;
}

function guarded(begun: readonly ChildProcess[]): string {
  const guardian = begun.find(({ spawnargs }) => spawnargs.includes("kerf-guardian"));
  assert.ok(guardian !== undefined);
  return guardian.spawnargs.at(-1) as string;
}

/** Resolves when there is no such directory, and none comes back for as long as the guardian's round. */
async function gone(directory: string): Promise<void> {
  const there = () => stat(directory).catch(() => undefined);
  do {
    while ((await there()) !== undefined) await wait(10);
    await wait(200);
  } while ((await there()) !== undefined);
}

/** Whether a program runs that works below the directory, by the command lines of this machine; false where they are not shown. */
async function servedFrom(directory: string): Promise<boolean> {
  const processes = await readdir("/proc").catch(() => []);
  for (const pid of processes.filter((name) => /^[0-9]+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(`${directory}/server`)) return true;
  }
  return false;
}
