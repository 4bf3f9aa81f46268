import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { GeneratedApp } from "../releases/generated-app.ts";
import { freePort } from "../chaos/free-port.ts";

/** A machine that is deployed to, and what a test may look at on it. */
export interface DeployedMachine {
  /** Of this machine, for the test alone. */
  readonly folder: string;
  /** For `ssh -F`. */
  readonly config: string;
  /** `--target` of commands. */
  readonly target: string;
  /** `--directory` as the machine has it, and where the test reads the same. */
  readonly directory: string;
  readonly seen: string;
  /** The folder of a PostgreSQL's socket as the machine has it. */
  socketFolder(here: string): string;
  /** Arguments and variables of a unit's process. */
  process(unit: string): Promise<string>;
  /** The exit code of a unit that has ended. */
  exitCode(unit: string): Promise<number>;
  /** Units that a restart of the machine starts. */
  enabled(): Promise<string[]>;
  /** Watches from when it resolves on; `seen` resolves when a copy of the program is started. */
  nextStart(program: string): Promise<{ readonly seen: Promise<void> }>;
  log(unit: string): Promise<string>;
  stop(): Promise<void>;
}

/** Pause of each of the two clients after an answer, milliseconds. */
const betweenMs = 20;
const cli = fileURLToPath(new URL("../../tools/cli/src/main.ts", import.meta.url));

/** An app of two services and a gateway on one machine: deployed under load, broken, rolled back, removed. */
export function deploysTo(
  what: string,
  { skip, start }: { skip: string | false; start: () => Promise<DeployedMachine> },
): void {
  describe(what, { skip, timeout: 880_000 }, () => {
    let app: GeneratedApp;
    let machine: DeployedMachine;
    let server: TemporaryServer;
    let url: string;

    before(async () => {
      [app, machine, server] = await Promise.all([
        GeneratedApp.write([
          { name: "counter", hasDatabase: true, uses: [] },
          { name: "greeter", hasDatabase: false, uses: ["counter"] },
        ]),
        start(),
        startTemporaryServer(),
      ]);
      const { database, host, password, port, user } = server.server.database.admin();
      const admin = `postgres://${user}:${encodeURIComponent(password)}@localhost/${database}?host=${encodeURIComponent(machine.socketFolder(host))}&port=${port}`;
      writeFileSync(join(app.folder, "admin-url"), admin, { mode: 0o600 });
      // Below the range that the system draws ports of connections from.
      const first = 20_000 + (process.pid % 1_000) * 10;
      const http = await freePort();
      url = `http://127.0.0.1:${http}`;
      writeFileSync(
        join(app.folder, "systemd.options"),
        `# of the test\n--server main=${app.folder}/admin-url\n--directory ${machine.directory}\n--port ${first} --http-port ${http}\n`,
      );
    });
    after(async () => {
      await machine?.stop();
      await server?.stop();
      await app?.remove();
    });

    /** The command, reading its options as a user has them in a file. */
    function spawnKerf([verb = "", ...args]: string[], { detached = false } = {}): ChildProcess {
      const all = [verb, "--ssh-config", machine.config, ...args, "--options", "systemd.options"];
      return spawn(process.execPath, ["--conditions=kerf-source", cli, ...all], {
        cwd: app.folder,
        detached,
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, KERF_HOME: join(app.folder, "home"), TMPDIR: machine.folder },
      });
    }

    async function kerf(
      ...args: string[]
    ): Promise<{ code: number | null; out: string; error: string }> {
      const child = spawnKerf(args);
      const [out, error] = await Promise.all([
        text(child.stdout as Readable),
        text(child.stderr as Readable),
        once(child, "close"),
      ]);
      return { code: child.exitCode, out, error };
    }

    const root = (...parts: string[]): string => join(machine.seen, "generated", ...parts);
    /** The release of a program that serves, by the links. */
    const serving = (program: string): string =>
      readlinkSync(root(program, readlinkSync(root(program, "current"))));

    async function get(path: string): Promise<any> {
      const answer = await fetch(url + path);
      assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`);
      return answer.json();
    }

    /** Asks for as long as something is done; every answer must be one. */
    async function underLoad<T>(work: () => Promise<T>): Promise<{ asked: number; value: T }> {
      let over = false;
      let asked = 0;
      const ask = async (path: string): Promise<void> => {
        while (!over) {
          await get(path);
          asked += 1;
          // So much and no more: the deploy is at work on the same processors.
          await setTimeout(betweenMs);
        }
      };
      const asking = Promise.all([ask("/greeter/ask"), ask("/counter/counters/load")]);
      // A failed request is told when the work is done, which is what takes long.
      asking.catch(() => {});
      const value = await work().finally(() => (over = true));
      await asking;
      return { asked, value };
    }

    test("whoever is not known to be the machine gets nothing, and a machine that cannot be reached changes none", async () => {
      const config = join(machine.folder, "no_known_hosts");
      const known = readFileSync(machine.config, "utf8").replace(
        /UserKnownHostsFile .*/,
        "UserKnownHostsFile /dev/null",
      );
      writeFileSync(config, known);
      const [stranger, half] = await Promise.all([
        kerf("deploy", "--all", "--target", machine.target, "--ssh-config", config),
        kerf("deploy", "--all", "--target", `${machine.target},127.0.0.2:1`),
      ]);
      assert.notEqual(stranger.code, 0);
      assert.match(stranger.error, /127\.0\.0\.1 cannot be reached by ssh/);
      assert.match(stranger.error, /[Hh]ost key/);
      assert.notEqual(half.code, 0);
      assert.match(half.error, /127\.0\.0\.2 cannot be reached by ssh/);
      assert.deepEqual(readdirSync(root()), [".lock"]);
    });

    test("a first deploy: tables made, programs started, everything reached through the gateway", async () => {
      const { code, error, out } = await kerf("deploy", "--all", "--target", machine.target);
      assert.equal(code, 0, error);
      assert.match(
        out,
        /^\+ counter on 127\.0\.0\.1: [0-9a-f]{12}\n\+ greeter .*\n\+ gateway-web /,
      );
      const added = await fetch(`${url}/counter/counters/one`, { method: "POST" });
      assert.deepEqual(await added.json(), { name: "one", n: 1 });
      assert.deepEqual(await get("/greeter/ask"), { editions: { counter: 1 } });
    });

    test("secrets are their owner's alone, in no argument and no document; those of the migrations are gone", async () => {
      const release = root("counter", serving("counter"));
      assert.deepEqual(readdirSync(join(release, "secrets/database")), ["counter"]);
      assert.equal(statSync(join(release, "secrets/database/counter")).mode & 0o777, 0o600);
      assert.equal(lstatSync(join(release, "secrets")).mode & 0o777, 0o700);
      const url = readFileSync(join(release, "secrets/database/counter"), "utf8");
      const password = new URL(url).password;
      const told = await machine.process("kerf-generated-counter@a.service");
      assert.match(told, /KERF_BOOT_FILE/);
      assert.ok(!told.includes(password));
      assert.ok(!readFileSync(join(release, "boot-a.json"), "utf8").includes(password));
    });

    test("nothing new is nothing done", async () => {
      const { code, error, out } = await kerf(
        "deploy",
        "greeter",
        "--target",
        machine.target,
        "--json",
      );
      assert.equal(code, 0, error);
      const [only, ...others] = JSON.parse(out).machines;
      assert.deepEqual([only.change, only.sent, others], ["same", 0, []]);
    });

    test("a new release of all loses no request; only what is new is sent", async () => {
      await app.setEdition("counter", 2);
      const declared = await app.read("app.ts");
      // Another setting of the gateway, so that it passes its port on as well.
      await app.put(
        "app.ts",
        declared.replace(
          "expose: [counter, greeter]",
          "expose: [counter, greeter], compression: false",
        ),
      );
      const before = new Map(["counter", "gateway-web"].map((name) => [name, serving(name)]));
      const { asked, value } = await underLoad(() =>
        kerf("deploy", "--all", "--target", machine.target, "--json"),
      );
      assert.equal(value.code, 0, value.error);
      const changes = JSON.parse(value.out).machines as any[];
      assert.deepEqual(
        changes.map(({ change, program }) => [program, change]),
        [
          ["counter", "changed"],
          ["greeter", "same"],
          ["gateway-web", "changed"],
        ],
      );
      for (const [name, release] of before) assert.notEqual(serving(name), release);
      for (const { sent } of changes) assert.ok(sent < 2_000_000, `${sent} bytes`);
      assert.deepEqual(await get("/greeter/ask"), { editions: { counter: 2 } });
      for (const unit of ["counter", "gateway-web"]) {
        const before = `kerf-generated-${unit}@a.service`;
        assert.equal(await machine.exitCode(before), 0, await machine.log(before));
      }
      assert.deepEqual(await machine.enabled(), [
        "kerf-generated-counter@b.service",
        "kerf-generated-gateway-web@b.service",
        "kerf-generated-greeter@a.service",
      ]);
      console.log(`${asked} requests during a deploy of a service and the gateway`);
    });

    test("a release that does not start changes nothing, and it is said where and what serves on", async () => {
      const release = serving("greeter");
      const broken =
        'if (process.env.KERF_BOOT_FILE !== undefined) throw new Error("no edition there");\nexport const edition = 2;\n';
      await app.put("greeter/edition.ts", broken);
      const { value } = await underLoad(() =>
        kerf("deploy", "greeter", "--target", machine.target),
      );
      await app.setEdition("greeter", 1);
      assert.notEqual(value.code, 0);
      assert.match(value.error, /greeter on 127\.0\.0\.1: starting it failed/);
      assert.match(value.error, /no edition there/);
      assert.match(value.error, new RegExp(`${release}, serves on`));
      assert.equal(serving("greeter"), release);
      assert.equal((await get("/greeter/edition")).edition, 1);
    });

    test("going back is the release of before, without a build", async () => {
      const { asked, value } = await underLoad(() =>
        kerf("rollback", "counter", "--target", machine.target),
      );
      assert.equal(value.code, 0, value.error);
      assert.equal((await get("/counter/edition")).edition, 1);
      assert.deepEqual(await get("/counter/counters/one"), { name: "one", n: 1 });
      console.log(`${asked} requests during a rollback`);
    });

    test("a deploy that is killed in the middle leaves what serves, and the next one goes on", async () => {
      await app.setEdition("greeter", 3);
      const { seen } = await machine.nextStart("greeter");
      const killed = spawnKerf(["deploy", "greeter", "--target", machine.target], {
        detached: true,
      });
      const ended = once(killed, "exit");
      await seen;
      // With all that it started on this side, ssh included.
      process.kill(-(killed.pid as number), "SIGKILL");
      await ended;
      // The one that was being started may come up all the same, beside the other.
      const { edition } = await get("/greeter/edition");
      assert.ok([1, 3].includes(edition), `${edition}`);
      const { value } = await underLoad(() =>
        kerf("deploy", "greeter", "--target", machine.target),
      );
      assert.equal(value.code, 0, value.error);
      assert.equal((await get("/greeter/edition")).edition, 3);
    });

    test("a dry run says what would be sent and migrated, and changes nothing", async () => {
      await app.setEdition("counter", 4);
      const before = [serving("counter"), serving("greeter")];
      const args = ["deploy", "--all", "--target", machine.target, "--dry-run", "--json"];
      const { code, error, out } = await kerf(...args);
      assert.equal(code, 0, error);
      const changes = JSON.parse(out).machines as any[];
      assert.deepEqual(
        changes.map(({ change, migrates, program }) => [program, change, migrates]),
        [
          ["counter", "changed", true],
          ["greeter", "same", undefined],
          ["gateway-web", "same", undefined],
        ],
      );
      assert.ok(changes[0].sent > 0 && changes[0].sent < 2_000_000, `${changes[0].sent} bytes`);
      assert.deepEqual([serving("counter"), serving("greeter")], before);
      assert.ok(!existsSync(root("counter", changes[0].release)));
    });

    test("what others call cannot be removed; what nobody calls ends, and nothing of it is left", async () => {
      const refused = await kerf("deploy", "--remove", "counter", "--target", machine.target);
      assert.notEqual(refused.code, 0);
      assert.match(refused.error, /counter cannot be removed: .*greeter.* would call it/);
      assert.ok(existsSync(root("counter")));
      const all = ["--remove", "gateway:web", "greeter", "counter"];
      const asked = await kerf("deploy", ...all, "--dry-run", "--target", machine.target);
      assert.match(
        asked.out,
        /^- gateway-web on 127\.0\.0\.1: [0-9a-f]{12}\n- greeter .*\n- counter /,
      );
      assert.equal((await get("/greeter/edition")).edition, 3);
      const { code, error } = await kerf("deploy", ...all, "--target", machine.target);
      assert.equal(code, 0, error);
      assert.deepEqual(readdirSync(root()).toSorted(), [".lock", "layers"]);
      assert.deepEqual(readdirSync(root("layers")), []);
      assert.deepEqual(await machine.enabled(), []);
      await assert.rejects(fetch(url));
    });
  });
}
