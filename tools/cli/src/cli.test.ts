import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { ProgressEvent, Status } from "@kerf/control-api";
import { commandOf, isAlive } from "./launcher/process-table.ts";

// The command as its users meet it: a new app, started by `kerf dev`, and every other command against it.

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const checkout = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "kerf-cli-"));
const app = join(folder, "meeting-rooms");

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(args: readonly string[], cwd = app): ChildProcess {
  const { KERF_HOME: _home, PORT: _port, KERF_PLATFORM_PORT: _platform, ...env } = process.env;
  return spawn(process.execPath, ["--conditions=kerf-source", main, ...args], {
    cwd,
    // Stripping the types of the same files again and again would be most of this test's time.
    env: { NODE_COMPILE_CACHE: join(checkout, "node_modules", ".cache", "compile"), ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function kerf(
  args: readonly string[],
  options: { cwd?: string; stdin?: string } = {},
): Promise<Ended> {
  const child = start(args, options.cwd);
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (data) => (stdout += String(data)));
  child.stderr?.on("data", (data) => (stderr += String(data)));
  child.stdin?.end(options.stdin ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** What a command printed as JSON, after it worked. */
async function json(...args: string[]): Promise<any> {
  const ended = await kerf([...args, "--json"]);
  assert.equal(ended.code, 0, ended.stderr);
  return JSON.parse(ended.stdout);
}

/** The error that a command printed as JSON, after it failed with `code`. */
async function refusal(code: number, ...args: string[]): Promise<any> {
  const ended = await kerf([...args, "--json"]);
  assert.equal(ended.code, code, ended.stderr + ended.stdout);
  const { error } = JSON.parse(ended.stdout);
  // People are told the same.
  assert.ok(ended.stderr.includes(`✗ ${error.message}`), ended.stderr);
  return error;
}

let dev: ChildProcess;
const events: ProgressEvent[] = [];
let heard = (): void => {};
let devErrors = "";

/** The first event from number `from` on that fits. */
async function event<T extends ProgressEvent["type"]>(
  type: T,
  fits: (event: ProgressEvent & { type: T }) => boolean = () => true,
  from = 0,
): Promise<ProgressEvent & { type: T }> {
  for (;;) {
    const found = events
      .slice(from)
      .find((one) => one.type === type && fits(one as ProgressEvent & { type: T }));
    if (found !== undefined) return found as ProgressEvent & { type: T };
    if (dev.exitCode !== null)
      throw new Error(`kerf dev ended: ${devErrors}\n${JSON.stringify(events.slice(-5))}`);
    await new Promise<void>((resolve) => (heard = resolve));
  }
}

before(async () => {
  const made = await kerf(["init", app], { cwd: folder });
  assert.equal(made.code, 0, made.stderr);
  symlinkSync(join(checkout, "node_modules"), join(app, "node_modules"));
  dev = start(["dev", "--port", "0", "--platform-port", "0", "--json"]);
  dev.stderr?.on("data", (data) => (devErrors += String(data)));
  createInterface({ input: dev.stdout as NodeJS.ReadableStream }).on("line", (line) => {
    events.push(JSON.parse(line) as ProgressEvent);
    heard();
  });
  dev.once("exit", () => heard());
  await event("ready");
});

after(async () => {
  if (dev.exitCode === null) {
    const exited = once(dev, "exit");
    dev.kill("SIGTERM");
    await exited;
  }
  rmSync(folder, { recursive: true, force: true });
});

async function status(): Promise<Status> {
  return (await json("status")) as Status;
}

test("status says what runs, for programs and for people", async () => {
  const found = await status();
  assert.equal(found.app, "meeting-rooms");
  assert.deepEqual(
    found.units.map(({ name, services }) => [name, services]),
    [
      ["rooms", ["rooms"]],
      ["agenda", ["agenda"]],
    ],
  );
  for (const { instances } of found.units) {
    assert.equal(instances.length, 1);
    assert.equal(instances[0]?.state, "ready");
    assert.ok(isAlive(instances[0]?.pid ?? 0));
    assert.match(instances[0]?.address ?? "", /^(unix|tcp):/);
  }
  assert.equal((await fetch(`${found.gateways[0]?.url}/rooms`)).status, 200);
  assert.match(found.platform.url, /^http:\/\/127\.0\.0\.1:\d+$/);

  const text = (await kerf(["status"])).stdout;
  assert.match(text, /clients ──▶ web {2}http:\/\/127/);
  assert.match(text, /rooms +ready ──▶ database on main/);
  assert.ok(!text.includes("\u001b"));
});

test("routes say where the requests of clients go", async () => {
  const routes = (await json("routes")) as { path: string; to: string[] }[];
  assert.ok(routes.length > 0);
  assert.match((await kerf(["routes"])).stdout, /^GATEWAY +METHOD +PATH +TO +ACCESS/);
  const { code, stderr } = await kerf(["routes", "nowhere"]);
  assert.notEqual(code, 0);
  assert.match(stderr, /There is no gateway "nowhere"/);
});

test("policies say what has one effect, what may have more, and why", async () => {
  const policies = (await json("policies", "rooms")) as { operation: string; effect: string }[];
  assert.ok(policies.length > 0);
  for (const { effect } of policies) assert.ok(["none", "once a key"].includes(effect), effect);
  const text = (await kerf(["policies"])).stdout;
  assert.match(text, /^OPERATION +KIND +EFFECT/);
  assert.match(text, /once a key: .*24 hours/);
  const { code, stderr } = await kerf(["policies", "room"]);
  assert.notEqual(code, 0);
  assert.match(stderr, /rooms/);
});

test("call prints answers, declared errors and what was probably meant", async () => {
  const { rooms } = await json("call", "rooms.list");
  assert.deepEqual(rooms, [
    { name: "ash", seats: 8 },
    { name: "elm", seats: 20 },
    { name: "oak", seats: 4 },
  ]);
  const booking = {
    room: "oak",
    from: "2030-01-07T09:00:00Z",
    to: "2030-01-07T10:00:00Z",
    title: "Planning",
  };
  writeFileSync(join(app, "booking.json"), JSON.stringify(booking));
  assert.equal((await json("call", "rooms.book", "@booking.json")).title, "Planning");

  const taken = await kerf(["call", "rooms.book", "-"], { stdin: JSON.stringify(booking) });
  assert.equal(taken.code, 1);
  assert.equal(taken.stdout, "");
  assert.match(taken.stderr, /Somebody has the room then/);
  const refused = await refusal(1, "call", "rooms.book", JSON.stringify(booking));
  assert.equal(refused.code, "taken");
  assert.deepEqual(refused.data, {
    from: "2030-01-07T09:00:00.000Z",
    to: "2030-01-07T10:00:00.000Z",
  });

  const day = await json("call", "agenda.day", '{"room":"oak","day":"2030-01-07"}');
  assert.equal(day.booked.length, 1);
  assert.equal(day.free.length, 2);

  assert.match((await refusal(1, "call", "romms.list")).fix, /Did you mean rooms/);
  assert.match((await refusal(1, "call", "rooms.lsit")).fix, /Did you mean rooms\.list/);
  assert.equal((await refusal(2, "call", "rooms")).code, "usage");
  assert.equal((await refusal(2, "call", "rooms.list", "{")).code, "usage");
  const invalid = await refusal(1, "call", "rooms.book", '{"room":"oak"}');
  assert.equal(invalid.code, "invalid_input");
  assert.match(invalid.message, /from/);
});

test("db shell runs SQL with the rights of the service, or of the owner", async () => {
  const result = await json("db", "shell", "rooms", "-c", "select name from rooms order by name");
  assert.deepEqual(result.rows, [["ash"], ["elm"], ["oak"]]);
  const table = await kerf(["db", "shell", "rooms"], {
    stdin: "select 1 as one;\n-- a comment;\nselect 'a;b' as two",
  });
  assert.equal(table.code, 0, table.stderr);
  assert.match(table.stdout, / one\n─+\n +1\n\(1 row\)\n two\n─+\n a;b\n/);
  await refusal(1, "db", "shell", "rooms", "-c", "create table x (y int)");
  await json("db", "shell", "rooms", "--owner", "-c", "create table x (y int)");
  await json("db", "shell", "rooms", "--owner", "-c", "drop table x");
  const described = await json("db", "shell", "rooms", "-c", "\\d bookings");
  assert.deepEqual(described.rows[0], ["id", "uuid", "not null", "gen_random_uuid()"]);
  const unknown = await refusal(1, "db", "shell", "romms", "-c", "select 1");
  assert.match(unknown.message, /romms/);
});

test("db types are what init wrote, are written after a change, and are checked", async () => {
  const { files } = await json("db", "types", "--check");
  assert.deepEqual(files, [
    { service: "rooms", file: join(app, "rooms", "tables.generated.ts"), state: "current" },
  ]);
  const file = join(app, "rooms", "tables.generated.ts");
  const text = readFileSync(file, "utf8");
  writeFileSync(file, "export {};\n");
  const stale = await kerf(["db", "types", "--check", "--json"]);
  assert.equal(stale.code, 1);
  assert.equal(JSON.parse(stale.stdout).files[0].state, "stale");
  await json("db", "types", "rooms");
  assert.equal(readFileSync(file, "utf8"), text);
});

test("logs show what was written, and follow it", async () => {
  const everything = await kerf(["logs", "-n", "10000", "--json"]);
  assert.equal(everything.code, 0, everything.stderr);
  const sources = new Set(
    everything.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).source),
  );
  assert.ok(sources.has("platform"), [...sources].join());
  const unknown = await refusal(1, "logs", "romms");
  assert.match(unknown.message + unknown.fix, /romms/);

  const follow = start(["logs", "-f", "-n", "1"]);
  await once(follow.stdout as NodeJS.ReadableStream, "data");
  const ended = once(follow, "close");
  follow.kill("SIGINT");
  assert.deepEqual(await ended, [130, null]);
});

test("a second kerf dev on the same folder is refused", async () => {
  const second = await kerf(["dev", "--port", "0", "--platform-port", "0"]);
  assert.equal(second.code, 78);
  assert.match(second.stderr, /running already/);
});

test("a taken port is a configuration error that names it", async () => {
  const { port } = new URL((await status()).gateways[0]?.url ?? "");
  const error = await refusal(78, "dev", "--port", port, "--home", join(folder, "other"));
  assert.match(error.message, new RegExp(`Port ${port} is taken`));
});

test("a changed file restarts the unit that loaded it, and no other", async () => {
  const before = await status();
  const from = events.length;
  const file = join(app, "agenda", "free-time.ts");
  writeFileSync(file, `${readFileSync(file, "utf8")}\n// changed\n`);
  const change = await event("change", ({ state }) => state !== "started", from);
  assert.deepEqual(
    [change.state, change.units],
    ["done", ["agenda"]],
    JSON.stringify(events.slice(from)),
  );
  const after = await status();
  const pid = (found: Status, unit: string) =>
    found.units.find(({ name }) => name === unit)?.instances[0]?.pid;
  assert.equal(pid(after, "rooms"), pid(before, "rooms"));
  assert.notEqual(pid(after, "agenda"), pid(before, "agenda"));
});

test("kill -9 of the platform ends nothing that serves, and it comes back", async () => {
  const before = await status();
  const from = events.length;
  const watching = start(["status", "--watch", "--json"]);
  const pictures: Status[] = [];
  createInterface({ input: watching.stdout as NodeJS.ReadableStream }).on("line", (line) =>
    pictures.push(JSON.parse(line) as Status),
  );
  await once(watching.stdout as NodeJS.ReadableStream, "data");
  process.kill(before.platform.pid, "SIGKILL");
  assert.equal((await fetch(`${before.gateways[0]?.url}/rooms`)).status, 200);
  await event("ready", () => true, from);
  const after = await status();
  assert.notEqual(after.platform.pid, before.platform.pid);
  assert.deepEqual(
    after.units.map(({ instances }) => instances[0]?.pid),
    before.units.map(({ instances }) => instances[0]?.pid),
  );
  assert.equal((await fetch(`${after.gateways[0]?.url}/rooms`)).status, 200);

  // Whoever watches sees the new platform without doing anything.
  while (pictures.at(-1)?.platform.pid !== after.platform.pid) {
    await once(watching.stdout as NodeJS.ReadableStream, "data");
  }
  const ended = once(watching, "close");
  watching.kill("SIGINT");
  assert.deepEqual(await ended, [130, null]);
});

test("the token is its owner's alone", async () => {
  assert.equal(statSync(join(app, ".kerf", "token")).mode & 0o077, 0);
});

test("Ctrl-C stops everything, and status says so afterwards", async () => {
  const found = await status();
  const pids = [
    found.platform.pid,
    ...found.units.flatMap(({ instances }) => instances.map(({ pid }) => pid)),
    ...found.gateways.map(({ pid }) => pid),
    ...found.databases.map(({ pid }) => pid),
  ];
  const exited = once(dev, "exit");
  dev.kill("SIGINT");
  assert.deepEqual(await exited, [130, null]);
  for (const pid of pids) {
    while (
      (await commandOf(pid)).includes(found.platform.home) ||
      /host|gateway/.test(await commandOf(pid))
    )
      await wait(20);
  }
  assert.ok(!existsSync(join(app, ".kerf", "launcher.json")));
  const error = await refusal(69, "status");
  assert.equal(error.code, "platform_unreachable");
});
