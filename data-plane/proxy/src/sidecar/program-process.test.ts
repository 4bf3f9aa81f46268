import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { systemClock } from "@kerf/kernel";
import { ProgramProcess } from "./program-process.ts";

const node = process.execPath;
const timeout = 30_000;

async function started(
  t: TestContext,
  command: readonly string[],
  more: { startMs?: number; environment?: Record<string, string> } = {},
): Promise<ProgramProcess> {
  const directory = await mkdtemp(join(tmpdir(), "kerf-program-"));
  const { startMs = 10_000, environment = {} } = more;
  const program = await ProgramProcess.start(
    { command, cwd: directory, health: undefined, environment: {}, allow: [], startMs },
    { clock: systemClock, directory, environment },
  );
  t.after(async () => {
    await program.stop();
    await rm(directory, { recursive: true, force: true });
  });
  return program;
}

const always = (): Promise<boolean> => Promise.resolve(true);

test("a program that ends before it serves says how", { timeout }, async (t) => {
  const program = await started(t, [node, "-e", "process.exit(3)"]);
  await assert.rejects(program.whenReady(always), { code: "start_failed", message: /exit code 3/ });
});

test("a command that this machine does not have is named", { timeout }, async (t) => {
  const program = await started(t, ["kerf-no-such-program", "x"]);
  await assert.rejects(program.whenReady(always), {
    code: "start_failed",
    message: /There is no kerf-no-such-program on this machine/,
    fix: /Install kerf-no-such-program/,
  });
});

test("a program that does not serve is given up", { timeout }, async (t) => {
  const program = await started(t, [node, "-e", "setInterval(() => {}, 1000)"], { startMs: 200 });
  await assert.rejects(program.whenReady(always), { message: /did not serve within 0.2 s/ });
});

test(
  "what the program started ends with it, when it does not hear SIGTERM either",
  { timeout },
  async (t) => {
    // Both connect to us; their connections end when they do.
    const server = createServer().listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const connects = `process.on("SIGTERM", () => {}); require("net").connect(${port}, "127.0.0.1").on("error", () => {});`;
    const child = JSON.stringify(["-e", `${connects} setInterval(() => {}, 1000)`]);
    const program = await started(t, [
      node,
      "-e",
      `${connects} require("child_process").spawn(process.execPath, ${child}); setInterval(() => {}, 1000)`,
    ]);
    const ended: Promise<unknown>[] = [];
    for (let n = 0; n < 2; n++) {
      const [socket] = (await once(server, "connection")) as [Socket];
      socket.on("error", () => {}).resume();
      ended.push(once(socket, "close"));
    }
    await program.stop();
    await Promise.all(ended);
    assert.equal(ended.length, 2);
  },
);
