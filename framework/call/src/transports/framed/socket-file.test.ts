import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, stat } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { listenOn } from "./socket-file.ts";
import { temporaryDirectory } from "./testing/peers.ts";

function server(t: TestContext): Server {
  const made = createServer();
  t.after(() => made.close());
  return made;
}

test("the socket and a directory made for it are their owner's alone", async (t) => {
  const directory = join(await temporaryDirectory(t), "run", "instances");
  const path = join(directory, "s");
  await listenOn(server(t), { kind: "unix", path });
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test("no socket is made where others could reach it", async (t) => {
  const directory = join(await temporaryDirectory(t), "open");
  await mkdir(directory);
  await chmod(directory, 0o755);
  await assert.rejects(listenOn(server(t), { kind: "unix", path: join(directory, "s") }), {
    code: "invalid_configuration",
    fix: /chmod 700/,
  });
});

test("a file that a killed process left is replaced", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  const source = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("up"))`;
  const child = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok((await stat(path)).isSocket());
  await listenOn(server(t), { kind: "unix", path });
});

test("a file behind which somebody answers stays", async (t) => {
  const path = join(await temporaryDirectory(t), "s");
  await listenOn(server(t), { kind: "unix", path });
  await assert.rejects(listenOn(server(t), { kind: "unix", path }), {
    code: "start_failed",
    why: /Another process/,
  });
  await assert.rejects(listenOn(server(t), { kind: "tcp", host: "203.0.113.1", port: 1 }), {
    code: "start_failed",
  });
});

test("a port of 0 becomes the one that the system gave", async (t) => {
  const endpoint = await listenOn(server(t), { kind: "tcp", host: "127.0.0.1", port: 0 });
  assert.ok(endpoint.kind === "tcp" && endpoint.port > 0);
});
