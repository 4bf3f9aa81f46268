import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { commandOf } from "./process-table.ts";

const program = fileURLToPath(new URL("fixtures/launcher.ts", import.meta.url));
const started: ChildProcess[] = [];
const homes: string[] = [];
after(() => {
  for (const child of started) child.kill("SIGKILL");
  for (const home of homes) rmSync(home, { recursive: true, force: true });
});

interface Said {
  event?: string;
  note?: string;
  result?: string;
  guardian?: number;
  exit?: number;
  status?: { platform: { pid: number }; units: { instances: { pid: number }[] }[] };
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "kerf-launcher-"));
  homes.push(home);
  return home;
}

/** A running launcher and what it says. */
function launch(home: string, fixture = "") {
  const child = spawn(process.execPath, ["--conditions=kerf-source", program, home], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, FIXTURE: fixture },
  });
  started.push(child);
  const said: Said[] = [];
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  let wake = (): void => {};
  lines.on("line", (line) => {
    said.push(JSON.parse(line) as Said);
    wake();
  });
  /** The first document after `from` that fits. */
  const until = async (fits: (document: Said) => boolean, from = 0): Promise<Said> => {
    for (;;) {
      const found = said.slice(from).find(fits);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const exited = once(child, "exit").then(([code]) => code as number | null);
  return { child, said, until, exited };
}

/** Resolves when none of the processes is one of ours any more. */
async function gone(...pids: number[]): Promise<void> {
  for (const pid of pids) {
    while (/fixtures|guardian/.test(await commandOf(pid))) await wait(20);
  }
}

async function ready(launcher: ReturnType<typeof launch>) {
  const { status } = await launcher.until(({ event }) => event === "ready");
  const { guardian } = await launcher.until(({ result }) => result !== undefined);
  const platform = status?.platform.pid as number;
  const instance = status?.units[0]?.instances[0]?.pid as number;
  return { platform, instance, guardian: guardian as number };
}

test("a stop in order leaves nothing behind and exits as asked", async () => {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 0],
  ] as const) {
    const launcher = launch(newHome());
    const pids = await ready(launcher);
    launcher.child.kill(signal);
    assert.equal(await launcher.exited, code);
    await gone(pids.platform, pids.instance, pids.guardian);
  }
});

test("after kill -9 of the launcher everything ends by itself", async () => {
  const home = newHome();
  const launcher = launch(home);
  const pids = await ready(launcher);
  launcher.child.kill("SIGKILL");
  await gone(pids.platform, pids.instance, pids.guardian);

  // The next launcher on the same folder is not held up by what is left in it.
  const next = launch(home);
  const after = await ready(next);
  next.child.kill("SIGTERM");
  assert.equal(await next.exited, 0);
  await gone(after.platform, after.instance, after.guardian);
});

test("after kill -9 of the launcher the guardian ends what does not hear its lifeline", async () => {
  const launcher = launch(newHome(), "deaf");
  const pids = await ready(launcher);
  launcher.child.kill("SIGKILL");
  await gone(pids.platform, pids.instance, pids.guardian);
});

test("a second request to stop does not wait for anybody", async () => {
  const launcher = launch(newHome(), "deaf");
  const pids = await ready(launcher);
  launcher.child.kill("SIGINT");
  await launcher.until(({ note }) => note?.startsWith("stopping…") === true);
  launcher.child.kill("SIGTERM");
  assert.equal(await launcher.exited, 130);
  await gone(pids.platform, pids.instance, pids.guardian);
});

test("a platform that dies is started again and adopts what runs", async () => {
  const launcher = launch(newHome());
  const first = await ready(launcher);
  const seen = launcher.said.length;
  process.kill(first.platform, "SIGKILL");
  const { status } = await launcher.until(({ event }) => event === "ready", seen);
  await launcher.until(({ note }) => note?.includes("platform is back") === true, seen);
  assert.notEqual(status?.platform.pid, first.platform);
  assert.equal(status?.units[0]?.instances[0]?.pid, first.instance);
  assert.ok(launcher.said.some(({ note }) => note?.includes("goes on serving") === true));

  // What the first platform started hangs on the first platform's lifeline.
  launcher.child.kill("SIGKILL");
  await gone(status?.platform.pid as number, first.instance, first.guardian);
});

test("a broken app ends the launcher as a configuration error", async () => {
  const launcher = launch(newHome(), "broken-app");
  assert.equal(await launcher.exited, 78);
});

test("a platform that dies before it is ready is explained with its log", async () => {
  const launcher = launch(newHome(), "crash-at-start");
  assert.equal(await launcher.exited, 1);
  const note = launcher.said.find((document) =>
    document.note?.includes("before it was ready"),
  )?.note;
  assert.match(note ?? "", /exit code 3/);
  assert.match(note ?? "", /something the platform wrote before it died/);
});

test("two launchers do not share a folder of state", async () => {
  const home = newHome();
  const launcher = launch(home);
  const pids = await ready(launcher);
  const second = spawn(process.execPath, ["--conditions=kerf-source", program, home], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  started.push(second);
  let complaint = "";
  second.stderr.on("data", (data) => (complaint += String(data)));
  await once(second, "close");
  assert.match(complaint, /running already/);
  assert.match(complaint, new RegExp(String(launcher.child.pid)));
  assert.equal(
    JSON.parse(readFileSync(join(home, "launcher.json"), "utf8")).pid,
    launcher.child.pid,
  );
  launcher.child.kill("SIGTERM");
  assert.equal(await launcher.exited, 0);
  await gone(pids.platform, pids.instance, pids.guardian);
});
