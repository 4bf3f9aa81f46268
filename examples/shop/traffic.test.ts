import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("traffic.ts", import.meta.url));
const started: ChildProcess[] = [];
after(() => {
  for (const child of started) child.kill("SIGKILL");
});

function visitors(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["pipe", "ignore", "pipe"] });
  started.push(child);
  return child;
}

test("visitors open an account, sign in and look around, and go when nobody keeps them", async (t) => {
  const asked: string[] = [];
  const around = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    const what = `${request.method} ${request.url}`;
    const isNew = what === "POST /sessions" && !asked.includes("POST /users");
    asked.push(what);
    response.writeHead(isNew ? 401 : 201, { "content-type": "application/json" });
    response.end('{"token":"t","available":10000}');
    if (request.method === "GET") {
      assert.equal(request.headers.authorization, "Bearer t");
      around.resolve();
    }
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const child = visitors(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await around.promise;
  assert.deepEqual(asked.slice(0, 3), ["POST /sessions", "POST /users", "POST /sessions"]);
  const ended = once(child, "exit");
  child.stdin?.end();
  assert.deepEqual(await ended, [0, null]);
});

test("without an address it says what it needs", async () => {
  const [code] = await once(visitors(), "exit");
  assert.equal(code, 2);
});
