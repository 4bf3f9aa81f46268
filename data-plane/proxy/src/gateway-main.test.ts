import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Duplex, Readable, Writable } from "node:stream";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Boot } from "@kerf/call";
import { sharesPorts } from "@kerf/call/http";
import { FrontPlatform } from "./testing/platform.ts";

const main = fileURLToPath(new URL("./gateway-main.ts", import.meta.url));

interface Running {
  readonly child: ChildProcess;
  /** Exit code and everything that it wrote. */
  readonly ended: Promise<{ code: number | null; output: string }>;
  /** Ends the lifeline, as the death of the launcher does. */
  cutLifeline(): void;
}

function startProgram(platform: FrontPlatform, boot: Boot): Running {
  const child = spawn(process.execPath, [...process.execArgv, main], {
    stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
    env: { ...process.env, KERF_LIFELINE_FD: "4", NODE_TEST_CONTEXT: undefined },
  });
  const lifeline = child.stdio[4] as Duplex;
  lifeline.on("error", () => {});
  (child.stdio[3] as Writable).end(JSON.stringify(boot));
  const written = Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
  const ended = once(child, "exit").then(async ([code]) => ({
    code: code as number | null,
    output: (await written).join(""),
  }));
  platform.before(() => {
    child.kill("SIGKILL");
    return ended;
  });
  return { child, ended, cutLifeline: () => void lifeline.destroy() };
}

test("serves, attaches to the platform with its address and files, and ends when it is told to", async (t) => {
  const platform = await FrontPlatform.start(t, true);
  await platform.startNotes();
  const { child, ended } = startProgram(platform, platform.boot());
  const attachment = await platform.attached();
  assert.equal(attachment.pid, child.pid);
  assert.deepEqual(
    attachment.files.map((file) => file.slice(file.lastIndexOf("/") + 1)),
    ["app.ts", "contracts.ts", "page.ts"],
  );
  assert.equal((await fetch(`${attachment.address}/notes`)).status, 200);
  assert.equal((await fetch(`${attachment.address}/page`)).status, 200);
  child.kill("SIGTERM");
  const { code, output } = await ended;
  assert.equal(code, 0);
  const states = output.split("\n").filter((line) => line.includes("the gateway is"));
  assert.deepEqual(
    states.map((line) => (JSON.parse(line) as { message: string }).message),
    ["starting", "ready", "draining", "stopped"].map((state) => `the gateway is ${state}`),
  );
});

test("ends when whoever started everything is gone", async (t) => {
  const platform = await FrontPlatform.start(t);
  const running = startProgram(platform, platform.boot());
  const { address } = await platform.attached();
  assert.equal((await fetch(`${address}/health`)).status, 200);
  running.cutLifeline();
  assert.equal((await running.ended).code, 0);
});

test("waits for its first certificate, also when nothing else keeps it alive", async (t) => {
  const platform = await FrontPlatform.start(t);
  const busy = createServer((socket) => void socket.destroy());
  const asked = Promise.withResolvers<void>();
  let connections = 0;
  // Somebody who went away after the first time would not ask again.
  busy.on("connection", () => {
    if (++connections === 3) asked.resolve();
  });
  const at = join(platform.directory, "busy.sock");
  busy.listen(at);
  t.after(() => busy.close());
  const boot = platform.boot({ mutualTls: true });
  const running = startProgram(platform, {
    ...boot,
    platform: { ...boot.platform, address: `unix:${at}` },
  });
  const ended = running.ended.then(({ code, output }) => {
    throw new Error(`it ended with ${code}: ${output}`);
  });
  await Promise.race([asked.promise, ended]);
  ended.catch(() => {});
});

test("ends with 78 and says who has its port", async (t) => {
  const platform = await FrontPlatform.start(t);
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const { ended } = startProgram(platform, platform.boot({ http: { host: "127.0.0.1", port } }));
  const { code, output } = await ended;
  assert.equal(code, 78);
  assert.match(output, new RegExp(`Port ${port} of 127.0.0.1 is taken`));
  assert.match(output, /fix: Stop it/);
  assert.doesNotMatch(output, /"d":/, "no key in the log");
});

test("copies listen side by side on one port, and no other gateway comes in", async (t) => {
  if (!sharesPorts) return t.skip("this system does not deal a port's connections out");
  const platform = await FrontPlatform.start(t);
  await platform.startNotes();
  const first = startProgram(platform, platform.boot({ instance: "web-1" }));
  const { address } = await platform.attached("web-1");
  const http = { host: "127.0.0.1", port: Number(new URL(address).port) };
  const served = async (): Promise<void> => {
    const response = await fetch(`${address}/notes`, { headers: { connection: "close" } });
    assert.equal(response.status, 200);
    await response.text();
  };
  const second = startProgram(platform, platform.boot({ instance: "web-2", http }));
  assert.equal((await platform.attached("web-2")).address, address);
  assert.deepEqual(listenersOn(http.port), 2);
  await served();

  // Another gateway is no copy of it.
  platform.change(({ gateways }) => ({
    gateways: { ...gateways, mobile: gateways["web"] as never },
  }));
  const stranger = platform.boot({ instance: "mobile-1", unit: "gateway:mobile", http });
  assert.equal((await startProgram(platform, stranger).ended).code, 78);

  // The one that is left serves, whether the other was told to end or killed, and lets the next one in.
  first.child.kill("SIGTERM");
  assert.equal((await first.ended).code, 0);
  assert.equal(listenersOn(http.port), 1);
  await served();
  const third = startProgram(platform, platform.boot({ instance: "web-3", http }));
  await platform.attached("web-3");
  second.child.kill("SIGKILL");
  await second.ended;
  await served();
  third.child.kill("SIGTERM");
  assert.equal((await third.ended).code, 0);
});

/** How many sockets listen on a port of 127.0.0.1. */
function listenersOn(port: number): number {
  const place = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} 00000000:0000 0A`;
  return readFileSync("/proc/net/tcp", "utf8").split(place).length - 1;
}
