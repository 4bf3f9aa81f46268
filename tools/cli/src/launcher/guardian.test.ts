import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Guardian } from "./guardian.ts";
import { isAlive } from "./process-table.ts";

const started: ChildProcess[] = [];
const homes: string[] = [];
after(() => {
  for (const child of started) child.kill("SIGKILL");
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "kerf-guardian-"));
  homes.push(home);
  mkdirSync(join(home, "postgres", "main", "data"), { recursive: true });
  mkdirSync(join(home, "run", "instances"), { recursive: true });
  return home;
}

/** A process with these words on its command line that ends at `signals` only, once it can hear them. */
async function start(words: readonly string[], signals: readonly string[]): Promise<ChildProcess> {
  const program = `
    for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM"]) {
      process.on(signal, () => { if (${JSON.stringify(signals)}.includes(signal)) process.exit(0); });
    }
    setInterval(() => {}, 1_000);
    process.stdout.write("ready");`;
  const child = spawn(process.execPath, ["-e", program, "--", ...words], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  started.push(child);
  await once(child.stdout as NodeJS.ReadableStream, "data");
  return child;
}

function postmasterFile(home: string, pid: number): void {
  writeFileSync(join(home, "postgres", "main", "data", "postmaster.pid"), `${pid}\n${home}\n`);
}

for (const [how, signals, signal] of [
  ["in order", ["SIGINT"], null],
  ["at once when it does not hear of order", ["SIGQUIT"], null],
  ["by force when it hears nothing", [], "SIGKILL"],
] as const) {
  test(`a server is stopped ${how}`, async () => {
    const home = newHome();
    const server = await start(["postgres", "-D", join(home, "postgres", "main", "data")], signals);
    postmasterFile(home, server.pid ?? 0);
    const ended = once(server, "exit");
    await new Guardian(home).clearUpNow();
    assert.equal((await ended)[1], signal);
  });
}

test("a pid file that is stale harms nobody", async () => {
  const home = newHome();
  const stranger = await start(["something", "else"], []);
  const otherServer = await start(["postgres", "-D", "/var/lib/postgres/main"], ["SIGINT"]);
  postmasterFile(home, otherServer.pid ?? 0);
  writeFileSync(join(home, "platform.json"), JSON.stringify({ pid: stranger.pid }));
  writeFileSync(
    join(home, "run", "instances", "orders-1.json"),
    JSON.stringify({ pid: process.pid }),
  );
  writeFileSync(join(home, "run", "instances", "broken.json"), "{");
  await new Guardian(home).clearUpNow();
  assert.ok(isAlive(stranger.pid ?? 0));
  assert.ok(isAlive(otherServer.pid ?? 0));
});

test("a folder with nothing in it, or none at all, is no trouble", async () => {
  await new Guardian(newHome()).clearUpNow();
  await new Guardian(join(tmpdir(), "kerf-guardian-that-never-was")).clearUpNow();
});

test("an instance that does not end by itself is ended with its whole group", async () => {
  const home = newHome();
  const instance = await start(["service/host/main.js", "orders-1a2b3c"], []);
  writeFileSync(
    join(home, "run", "instances", "orders-1a2b3c.json"),
    JSON.stringify({ id: "orders-1a2b3c", reference: { pid: instance.pid } }),
  );
  const ended = once(instance, "exit");
  await new Guardian(home).clearUpNow();
  assert.equal((await ended)[1], "SIGKILL");
});
