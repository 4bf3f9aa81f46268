// Boundary: `kerf init` as an author meets it: the packed packages, outside of the workspace, nothing but npm and Node.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { hasProgram, lacking } from "./engines.ts";
import { newcomerEnv } from "./fresh-clone/newcomer-env.ts";
import { gone, processesOf } from "./fresh-clone/processes.ts";
import { packedPackages } from "./packed-packages.ts";

const needs = {
  "Linux (it reads /proc)": process.platform === "linux",
  npm: hasProgram("npm"),
};

test(
  "a new app on the packed packages is checked, tested and run",
  { skip: lacking(needs) ?? false },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "kerf-init-"));
    t.after(async () => {
      for (const { pid } of processesOf(folder)) process.kill(pid, "SIGKILL");
      await gone(folder, 5_000);
      rmSync(folder, { recursive: true, force: true });
    });
    const env = authorEnv(folder);
    const run = (cwd: string, program: string, ...args: string[]): string =>
      execFileSync(program, args, {
        cwd,
        env,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });

    const tarballs = packedPackages();
    const kerf = tarballs.find((path) => /\/kerf-\d[^/]*\.tgz$/.test(path)) ?? assert.fail();
    const app = join(folder, "meeting-rooms");

    await t.test("the installed command writes it", () => {
      const tool = join(folder, "tool");
      mkdirSync(tool);
      writeFileSync(join(tool, "package.json"), '{"private":true}');
      run(tool, "npm", "install", ...tarballs);
      run(tool, "npx", "kerf", "init", app, "--kerf", `file:${kerf}`);
      // In a registry the packages that kerf needs are found by themselves.
      run(app, "npm", "install", ...tarballs);
    });

    await t.test("its types fit the published ones", () => void run(app, "npm", "run", "check"));

    await t.test("its own tests pass", () => {
      const output = run(app, "npm", "test");
      assert.match(output, /^ℹ fail 0$/m);
      assert.doesNotMatch(output, /^ℹ pass 0$/m);
    });

    await t.test("its services are built, and what is installed runs them from anywhere", () => {
      const builds = join(folder, "builds");
      const built = JSON.parse(run(app, "npx", "kerf", "build", "--out", builds, "--json")) as {
        builds: { service: string; directory: string }[];
      };
      const installed = pathToFileURL(join(app, "node_modules/@kerf/service/dist/index.js")).href;
      const program = `import { loadBuild } from ${JSON.stringify(installed)};
for (const { service, directory } of ${JSON.stringify(built.builds)})
  console.log((await loadBuild(service, directory)).owner);`;
      const owners = run(folder, process.execPath, "--input-type=module", "--eval", program);
      assert.equal(owners.trim().split("\n").length, 2);
    });

    await t.test("it starts, answers, keeps its types current and stops", async () => {
      const dev = spawn(
        join(app, "node_modules", ".bin", "kerf"),
        ["dev", "--port", "0", "--platform-port", "0", "--json"],
        {
          cwd: app,
          env,
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
      let errors = "";
      dev.stderr.on("data", (data) => (errors += String(data)));
      let url: string | undefined;
      for await (const line of createInterface({ input: dev.stdout })) {
        const event = JSON.parse(line) as {
          type: string;
          status?: { gateways: { url: string }[] };
        };
        url = event.status?.gateways[0]?.url;
        if (event.type === "ready") break;
      }
      assert.ok(url !== undefined, errors);
      const booked = await fetch(`${url}/rooms/oak/bookings`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"from":"2030-01-07T09:00:00Z","to":"2030-01-07T10:00:00Z","title":"Planning"}',
      });
      assert.equal(booked.status, 201);
      const day = await fetch(`${url}/agenda/oak?day=2030-01-07`);
      assert.equal(((await day.json()) as { booked: unknown[] }).booked.length, 1);
      run(app, "npx", "kerf", "db", "types", "--check");

      dev.stdout.resume();
      dev.kill("SIGINT");
      assert.deepEqual(await gone(app, 10_000), [], errors);
    });
  },
);

/** Somebody with npm and a Node that Kerf supports, and nothing of this workspace. */
function authorEnv(folder: string): NodeJS.ProcessEnv {
  const programs = join(folder, "bin");
  const home = join(folder, "home");
  mkdirSync(programs);
  mkdirSync(home);
  symlinkSync(process.execPath, join(programs, "node"));
  const env = newcomerEnv(home);
  return { ...env, PATH: `${programs}${delimiter}${env["PATH"] ?? ""}` };
}
