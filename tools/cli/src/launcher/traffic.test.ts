import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { isAlive } from "./process-table.ts";
import { Traffic, trafficOf } from "./traffic.ts";

/** An app with a program that sends its own process id to where it is told to, and then does what is said. */
function appWith(t: TestContext, afterwards: string): string {
  const folder = mkdtempSync(join(tmpdir(), "kerf-traffic-"));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "package.json"), '{"kerf":{"traffic":"./visitors.mjs"}}');
  const program = `await fetch(process.argv[2] + "/" + process.pid); ${afterwards}`;
  writeFileSync(join(folder, "visitors.mjs"), program);
  return join(folder, "app.ts");
}

async function gateway(t: TestContext): Promise<{ url: string; pid: Promise<number> }> {
  const asked = Promise.withResolvers<number>();
  const server = createServer((request, response) => {
    asked.resolve(Number(request.url?.slice(1)));
    response.end();
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, pid: asked.promise };
}

test("the program that the app names is told the gateway, and ends when traffic is stopped", async (t) => {
  const { pid, url } = await gateway(t);
  const traffic = new Traffic();
  t.after(() => traffic.stop());
  const notes: string[] = [];
  traffic.start(appWith(t, "setInterval(() => {}, 1_000);"), url, (text) => notes.push(text));
  const visitor = await pid;
  assert.ok(isAlive(visitor));
  await traffic.stop();
  assert.ok(!isAlive(visitor));
  assert.equal(notes.length, 1);
  assert.match(notes[0] ?? "", /visitors come in/);
});

test("one that ends is a note and nothing more", async (t) => {
  const { url } = await gateway(t);
  const traffic = new Traffic();
  t.after(() => traffic.stop());
  const said = Promise.withResolvers<string>();
  traffic.start(appWith(t, "process.exit(3);"), url, (text) => {
    if (text.startsWith("!")) said.resolve(text);
  });
  assert.match(await said.promise, /traffic ended \(exit code 3\); the app goes on/);
});

test("an app that names none is told so, and one that was stopped is not started", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "kerf-traffic-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const app = join(folder, "app.ts");
  assert.equal(trafficOf(app), undefined);
  const traffic = new Traffic();
  const notes: string[] = [];
  traffic.start(app, "http://127.0.0.1:1", (text) => notes.push(text));
  assert.match(notes.join(), /names none/);
  await traffic.stop();
  traffic.start(app, "http://127.0.0.1:1", (text) => notes.push(text));
  assert.equal(notes.length, 1);
});
