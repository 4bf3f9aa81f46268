import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startTemporaryServer, type TemporaryServer } from "@kerf/data/embedded";
import { lacking } from "./engines.ts";
import { freePort, sshd, TestMachine } from "./machines/test-machine.ts";
import { GeneratedApp } from "./releases/generated-app.ts";

const skip =
  lacking({
    "sshd (openssh-server)": existsSync(sshd),
    "ssh (openssh-client)": existsSync("/usr/bin/ssh"),
    root: process.getuid?.() === 0,
  }) ?? false;
const cli = fileURLToPath(new URL("../tools/cli/src/main.ts", import.meta.url));

describe("an app on a machine of one's own, by ssh", { skip, timeout: 400_000 }, () => {
  let app: GeneratedApp;
  let machine: TestMachine;
  let server: TemporaryServer;
  let url: string;

  before(async () => {
    [app, machine, server] = await Promise.all([
      GeneratedApp.write([
        { name: "counter", hasDatabase: true, uses: [] },
        { name: "greeter", hasDatabase: false, uses: ["counter"] },
      ]),
      TestMachine.start(),
      startTemporaryServer(),
    ]);
    const declared = await app.read("app.ts");
    const units = 'units: { counter: ["counter"], greeter: ["greeter"] },\n  gateways:';
    await app.put("app.ts", declared.replace("gateways:", units));
    const { database, host, password, port, user } = server.server.database.admin();
    const admin = `postgres://${user}:${encodeURIComponent(password)}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`;
    writeFileSync(join(app.folder, "admin-url"), admin, { mode: 0o600 });
    // Below the range that the system draws ports of connections from.
    const first = 20_000 + (process.pid % 1_000) * 10;
    const http = await freePort();
    url = `http://127.0.0.1:${http}`;
    writeFileSync(
      join(app.folder, "systemd.options"),
      `# of the test\n--server main=${app.folder}/admin-url\n--directory ${machine.folder}/opt\n--port ${first} --http-port ${http}\n`,
    );
  });
  after(async () => {
    await machine?.stop();
    await server?.stop();
    await app?.remove();
  });

  async function kerf(...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
    const child = spawn(
      process.execPath,
      ["--conditions=kerf-source", cli, ...args, "--options", "systemd.options", "--ssh-config", machine.config],
      { cwd: app.folder, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, KERF_HOME: join(app.folder, "home") } },
    );
    const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
    return { code: child.exitCode, out, error };
  }

  const root = (...parts: string[]): string => join(machine.folder, "opt/generated", ...parts);
  const serving = (program: string): string => readlinkSync(root(program, readlinkSync(root(program, "current"))));

  test("a first deploy brings everything there: migrated, started, reached through the gateway", async () => {
    const { code, error, out } = await kerf("deploy", "--all", "--target", machine.target);
    assert.equal(code, 0, out + error + machine.log("kerf-generated-counter@a.service"));
    console.log(out, error);
  });
});
