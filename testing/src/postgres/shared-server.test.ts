import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const holder = fileURLToPath(new URL("./fixtures/holder.ts", import.meta.url));
const node = [process.execPath, "-C", "kerf-source", "--disable-warning=ExperimentalWarning"];
/** A directory of their own gives these tests a server of their own. */
let folder: string;
const started: ChildProcess[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "kerf-shared-"));
  await chmod(folder, 0o711);
});
after(async () => {
  for (const child of started) child.kill("SIGKILL");
  await nothingIsLeft();
  await rm(folder, { recursive: true, force: true });
});

/** A process that holds a lease, by itself or as one of a test command's. */
async function hold(command = [...node, holder], env: NodeJS.ProcessEnv = {}) {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      ...process.env,
      KERF_TEST_DIR: folder,
      NODE_TEST_CONTEXT: undefined,
      ...env,
    },
  });
  started.push(child);
  const lines = createInterface({ input: child.stdout });
  const [line] = (await once(lines, "line")) as [string];
  return {
    server: line,
    child,
    async kill() {
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

/** Everything that runs below the folder: server and keeper name it in their command lines. */
async function processes(): Promise<string[]> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(folder));
}

async function childOf(parent: number | undefined): Promise<number> {
  const { stdout } = await run("ps", ["-A", "-o", "pid=,ppid="]);
  const rows = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const [pid] = rows.find((row) => row[1] === parent) ?? [];
  assert.ok(pid !== undefined && pid > 1);
  return pid;
}

async function nothingIsLeft(): Promise<void> {
  while ((await processes()).length > 0) await wait(20);
}

test("processes share one server, which outlives every one of them but the last, however they end", async () => {
  const [first, second] = await Promise.all([hold(), hold()]);
  assert.equal(first.server, second.server);
  await first.kill();
  const third = await hold();
  assert.equal(third.server, second.server);
  await second.kill();
  third.child.stdin?.end();
  await nothingIsLeft();
});

test("a server that was left is started again with what it knows", async () => {
  const first = await hold();
  await first.kill();
  // At whatever moment of the server's end it comes.
  const second = await hold();
  await second.kill();
  await nothingIsLeft();
});

test("between two processes of a test command the server stays, and ends with the command", async () => {
  const shell = ["/bin/sh", "-c", `"$@" & wait; read -r _`, "sh", ...node, holder, "stay"];
  const command = await hold(shell, { NODE_TEST_CONTEXT: "child-v8" });
  process.kill(await childOf(command.child.pid), "SIGKILL");
  const next = await hold();
  assert.equal(next.server, command.server);
  await next.kill();
  await command.kill();
  await nothingIsLeft();
});

test("a server that nobody keeps any more gets another keeper", async () => {
  const first = await hold();
  const keeper = (await processes()).find((line) => line.includes("keeper"));
  assert.ok(keeper !== undefined);
  process.kill(Number.parseInt(keeper, 10), "SIGKILL");
  const second = await hold();
  assert.equal(second.server, first.server);
  await first.kill();
  await second.kill();
  await nothingIsLeft();
});
