import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import type { AppManifest, ManifestFailure } from "../manifest.ts";

const main = fileURLToPath(new URL("./main.ts", import.meta.url));
const fixture = (path: string): string =>
  fileURLToPath(new URL(`./fixtures/${path}`, import.meta.url));

function describeApp(
  ...args: string[]
): Promise<{ code: number; document: AppManifest & ManifestFailure; stderr: string }> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [...process.execArgv, main, ...args], (error, stdout, stderr) => {
      try {
        resolve({ code: Number(error?.code ?? 0), document: JSON.parse(stdout), stderr });
      } catch {
        reject(new Error(`no JSON document on stdout: ${stdout}\n${stderr}`));
      }
    });
  });
}

test("an app becomes plain data", async () => {
  const { code, document: manifest, stderr } = await describeApp(fixture("good/app.ts"));
  assert.equal(code, 0);
  assert.match(stderr, /printed while the module loads/);
  assert.equal(manifest.app, "good");
  assert.deepEqual(manifest.units, { main: ["users"], money: ["orders"] });
  assert.deepEqual(manifest.telemetry, {
    sampling: 0.5,
    otlp: { endpoint: "http://127.0.0.1:4318" },
  });
  assert.deepEqual(manifest.alerts, {
    objectives: { "users.get": { within: { ms: 50, share: 0.99 } } },
  });
  const [users, orders] = manifest.services;
  assert.equal(users?.contract.operations["get"]?.http?.path, "/users/{id}");
  assert.deepEqual(users?.contract.operations["get"]?.input["required"], ["id"]);
  assert.equal(users?.issuer, true);
  assert.equal(users?.database, undefined);
  assert.deepEqual(orders?.uses, [
    { name: "users", version: "1.2.0", optional: true, operations: ["get"] },
  ]);
  assert.deepEqual(orders?.database, {
    server: "money",
    migrations: fixture("good/migrations"),
    connections: 4,
  });
  assert.deepEqual(orders?.workers, ["sweep"]);
  assert.equal(orders?.runbook, "https://runbooks.example/orders");
  const [web] = manifest.gateways;
  assert.deepEqual(
    web?.expose.map(({ name }) => name),
    ["users", "orders"],
  );
  assert.equal(web?.backend?.contract.name, "web");
  assert.deepEqual(web?.backend?.uses, [{ name: "users", version: "1.2.0", optional: false }]);
});

test("for a build it says what services were written against, and where their modules are", async () => {
  const { document: manifest } = await describeApp(fixture("good/app.ts"), "--for-build");
  const [users, orders] = manifest.services;
  assert.equal(orders?.module, fixture("good/orders.ts"));
  assert.equal(manifest.gateways[0]?.backend?.module, fixture("good/web.ts"));
  const [call] = orders?.against?.calls ?? [];
  assert.equal(call?.optional, true);
  assert.equal(call?.contract.version, "1.2.0");
  assert.deepEqual(Object.keys(call?.contract.operations ?? {}), ["get"]);
  assert.deepEqual(users?.against, { calls: [], events: [] });
});

test("for a build the module of one service does", async () => {
  const { document: alone } = await describeApp(fixture("good/users.ts"), "--for-build");
  assert.deepEqual(
    alone.services.map(({ name, module }) => [name, module]),
    [["users", fixture("good/users.ts")]],
  );
  assert.deepEqual(alone.services[0]?.files, [
    fixture("good/contracts.ts"),
    fixture("good/shared.ts"),
    fixture("good/users.ts"),
  ]);
  const { code, document } = await describeApp(fixture("good/users.ts"));
  assert.equal(code, 1);
  assert.match(document.error.message, /exports no app/);
});

test("the manifest tells which files each service needs", async () => {
  const { document: manifest } = await describeApp(fixture("good/app.ts"));
  const names = (files: readonly string[] | undefined): string[] =>
    (files ?? []).map((file) => file.slice(fixture("good/").length));
  assert.deepEqual(names(manifest.services[0]?.files), ["contracts.ts", "shared.ts", "users.ts"]);
  assert.deepEqual(names(manifest.services[1]?.files), ["contracts.ts", "orders.ts"]);
  assert.deepEqual(names(manifest.gateways[0]?.backend?.files), ["contracts.ts", "web.ts"]);
  assert.deepEqual(names(manifest.files), [
    "app.ts",
    "contracts.ts",
    "orders.ts",
    "shared.ts",
    "users.ts",
    "web.ts",
  ]);
});

test("everything that is wrong with an app is reported at once, with its place", async () => {
  const { code, document } = await describeApp(fixture("bad/app.ts"));
  assert.equal(code, 1);
  assert.equal(document.error.code, "invalid_app");
  const expected: (string | RegExp)[] = [
    /^service syntax cannot be loaded: .*\n {2}at .*\/bad\/syntax\.ts:2\n {4}export default function \( \{$/,
    /^service noexport cannot be loaded: .*does not provide an export named 'nothing'\n {2}at .*\/no-export\.ts:1\n/,
    /^service missing cannot be loaded: Cannot find module '.*not-there\.ts' imported from .*missing\.ts$/,
    /^service throws cannot be loaded: the configuration is missing\n {2}at .*\/throws\.ts:2:7$/,
    /^service nodefault: The module of service nodefault exports no service\.\n {2}It has no default export\./,
    /^service contract: The contract "Bad Name" has 3 problems \(declared at .*contract-problem\.ts:4\)/,
    "service a: has no handlers; call implement({ … }) on it before it is exported",
    /^service a: uses\.ghost: there is no service ghost in the app; it has a, b, c/,
    "service b: uses.a: was written against a 1.4.0, but the app offers 2.0.0: another major version",
    `service b: the migrations folder ${fixture("bad/nowhere")} does not exist`,
    "services.c: its module exports the service of the contract b; both names must be the same",
    /^a and b(?: and c)? all declare issuer: true/,
    /^gateway web: expose: there is no service ghost/,
    "gateway web: authentication: two methods take the app's own tokens",
    "gateway web: the route GET /things/{id} of b.get is taken by a.get",
    "telemetry.ratio is no field; there are sampling, askedPerSecond, store, retention, keep, otlp",
    "telemetry.sampling must be a share from 0 to 1",
    "telemetry.store must be true or false",
    "telemetry.retention.size is no field; there are days, bytes",
    "telemetry.retention.days must be a number from 0.01 to 3650",
    "telemetry.keep.share must be a share from 0 to 1",
    "telemetry.keep.slowMs must be a number from 1 to 86400000 (a day)",
    /^telemetry\.otlp\.endpoint holds a user, a password or a query/,
    "telemetry.otlp.endpoint ends in /v1/traces, which is added to it",
    /^units\.one: there is no service "nope"/,
    "units.two: the service a is in the unit one already",
  ];
  for (const each of expected) {
    const found = document.problems.some((problem) =>
      typeof each === "string" ? problem === each : each.test(problem),
    );
    assert.ok(found, `missing: ${each}\namong:\n${document.problems.join("\n")}`);
  }
});

test("an app module that exports no app, or is not there, says so", async () => {
  const noApp = await describeApp(fixture("bad/no-app.ts"));
  assert.equal(noApp.code, 1);
  assert.match(noApp.document.problems[0] ?? "", /exports no app[^]*export default app\(/);
  const missing = await describeApp(fixture("nowhere.ts"));
  assert.match(missing.document.problems[0] ?? "", /Cannot find module/);
  const none = await describeApp();
  assert.equal(none.document.error.code, "invalid_configuration");
});
