import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { exitCodes } from "../exit-code.ts";

const main = fileURLToPath(new URL("../main.ts", import.meta.url));
const shop = fileURLToPath(new URL("../../../../examples/shop/", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "kerf-build-"));
after(() => rmSync(home, { recursive: true, force: true }));

function kerf(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const options = { cwd: shop, env: { ...process.env, KERF_HOME: home } };
  return new Promise((resolve) =>
    execFile(
      process.execPath,
      ["--conditions=kerf-source", main, "build", ...args],
      options,
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    ),
  );
}

test("services are built into the folder of the state, and the same code once only", async () => {
  const first = await kerf("users", "mobile", "--json");
  assert.equal(first.code, 0, first.stderr);
  assert.match(first.stderr, /✓ Building users/);
  const { builds } = JSON.parse(first.stdout);
  assert.deepEqual(
    builds.map((one: any) => [one.service, one.kind, one.unchanged, one.migrations]),
    [
      ["users", "service", false, 1],
      ["mobile", "backend", false, 0],
    ],
  );
  const [users] = builds;
  assert.equal(users.directory, join(home, "builds", users.digest));
  assert.ok(existsSync(join(users.directory, "service.js")));
  // By the file of the service itself it is the same.
  const again = await kerf("./users/service.ts");
  assert.equal(again.code, 0, again.stderr);
  assert.match(
    again.stdout,
    new RegExp(`users +service +1\\.0\\.0 +${users.digest.slice(0, 12)} .* unchanged`),
  );
  assert.match(again.stderr, /✓ Reading the app {2}1 service/);
  assert.match(
    again.stderr,
    new RegExp(`✓ Building users {2}${users.digest.slice(0, 12)} {2}unchanged`),
  );
});

test("what cannot be built is said with what to do, and an exit code", async () => {
  const unknown = await kerf("nobody", "--json");
  assert.equal(unknown.code, exitCodes.configuration);
  const { error } = JSON.parse(unknown.stdout);
  assert.equal(error.code, "invalid_configuration");
  assert.match(error.message, /no "nobody" to build/);
  assert.match(error.why, /users, catalog/);
  const missing = await kerf("./nobody/service.ts");
  assert.equal(missing.code, exitCodes.configuration);
  assert.match(missing.stderr, /There is no file .*nobody\/service\.ts/);
  const both = await kerf("./users/service.ts", "orders");
  assert.equal(both.code, exitCodes.usage);
  assert.match(both.stderr, /stands beside other services/);
});
