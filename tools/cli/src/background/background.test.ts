import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { Status } from "@kerf/control-api";
import { commandOf } from "../launcher/process-table.ts";

// `kerf up` and `kerf down` as their users meet them: real programs, a real PostgreSQL.

const checkout = fileURLToPath(new URL("../../../../", import.meta.url));
const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "kerf-up-"));
const home = join(folder, ".kerf");
cpSync(join(checkout, "control-plane/platform/src/fixtures/pair"), folder, { recursive: true });
symlinkSync(join(checkout, "node_modules"), join(folder, "node_modules"));
const cache = join(checkout, "node_modules", ".cache", "compile");

after(async () => {
  await kerf("down", "--home", home);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function kerf(...args: readonly string[]) {
  const { KERF_HOME: _home, PORT: _port, KERF_PLATFORM_PORT: _platform, ...env } = process.env;
  const child = spawn(process.execPath, ["--conditions=kerf-source", main, ...args], {
    cwd: folder,
    env: { NODE_COMPILE_CACHE: cache, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => (stdout += String(data)));
  child.stderr.on("data", (data) => (stderr += String(data)));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr, all: stdout + stderr };
}

const up = (...args: string[]) =>
  kerf("up", "--home", home, "--port", "0", "--platform-port", "0", ...args);

async function status(): Promise<Status> {
  const { code, stdout, all } = await kerf("status", "--json", "--home", home);
  assert.equal(code, 0, all);
  return JSON.parse(stdout) as Status;
}

/** Every process of ours that serves, by what it is. */
function serving({ units, gateways, databases }: Status): Record<string, number> {
  return Object.fromEntries([
    ...units.flatMap(({ instances }) => instances.map(({ id, pid }) => [id, pid] as const)),
    ...gateways.map(({ name, pid }) => [`gateway ${name}`, pid] as const),
    ...databases.map(({ server, pid }) => [`server ${server}`, pid] as const),
  ]);
}

function sockets(directory = home): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map(({ name }) => name);
}

async function living(pids: Iterable<number>): Promise<string[]> {
  const commands = await Promise.all([...pids].map(commandOf));
  return commands.filter((command) => command !== "");
}

test("up returns when everything is ready; a killed platform is replaced and nothing that serves notices; down leaves nothing", async () => {
  const first = await up();
  assert.equal(first.code, 0, first.all);
  assert.match(first.stdout, /kerf down.* stops everything/);
  const before = await status();
  assert.equal(before.environment, "production");
  const greeting = `${before.gateways[0]?.url}/greetings/a`;
  assert.equal((await fetch(greeting)).status, 200);

  // Programs tell of their load a second later.
  let load: Status["gateways"][number]["load"];
  while (load === undefined || load.callsPerSecond === 0) load = (await status()).gateways[0]?.load;
  assert.equal(load.failureShare, 0);
  assert.ok(load.residentBytes > 10_000_000 && load.p95Ms !== undefined);
  const shown = await kerf("status", "--home", home);
  assert.match(shown.stdout, /load +calls\/s +failed +p95 +in flight +CPU +memory/);

  const again = await up("--json");
  assert.equal(again.code, 0, again.all);
  const running = JSON.parse(again.stdout) as { type: string; status: Status };
  assert.equal(running.type, "running");
  assert.equal(running.status.platform.pid, before.platform.pid);

  const refused = await kerf("dev", "--home", home);
  assert.equal(refused.code, 78, refused.all);
  assert.match(refused.stderr, /kerf down/);

  process.kill(before.platform.pid, "SIGKILL");
  assert.equal((await fetch(greeting)).status, 200);
  const unreachable = await kerf("status", "--home", home);
  assert.equal(unreachable.code, 69);
  assert.match(unreachable.stderr, /kerf up/);

  // A platform that cannot start ends nothing that serves.
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const taken = String((other.address() as AddressInfo).port);
  const failed = await up("--platform-port", taken);
  other.close();
  assert.equal(failed.code, 1, failed.all);
  assert.match(failed.all, new RegExp(taken));
  assert.equal((await fetch(greeting)).status, 200);

  const back = await up();
  assert.equal(back.code, 0, back.all);
  const after = await status();
  assert.notEqual(after.platform.pid, before.platform.pid);
  assert.deepEqual(serving(after), serving(before));
  assert.equal((await fetch(greeting)).status, 200);

  const stopped = await kerf("down", "--home", home, "--json");
  assert.equal(stopped.code, 0, stopped.all);
  assert.deepEqual(JSON.parse(stopped.stdout), { home, stopped: true, volumes: [] });
  assert.deepEqual(await living([after.platform.pid, ...Object.values(serving(after))]), []);
  assert.deepEqual(sockets(), []);

  const nothing = await kerf("down", "--home", home);
  assert.equal(nothing.code, 0);
  assert.match(nothing.stdout, /Nothing runs/);
});

test("down stops what runs without a platform; up says what is wrong, and leaves nothing behind", async () => {
  assert.equal((await up()).code, 0);
  const ran = await status();
  process.kill(ran.platform.pid, "SIGKILL");
  const stopped = await kerf("down", "--home", home);
  assert.equal(stopped.code, 0, stopped.all);
  assert.deepEqual(await living(Object.values(serving(ran))), []);
  assert.deepEqual(sockets(), []);

  const wrong = await up("--environment", "Wrong!");
  assert.equal(wrong.code, 78, wrong.all);
  assert.match(wrong.all, /--environment is lower-case letters/);
  assert.equal(
    readFileSync(join(home, "logs", "platform.log"), "utf8").includes("--environment"),
    true,
  );
  assert.match((await kerf("down", "--home", home)).stdout, /Nothing runs/);
});
