import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { greeter, relay } from "./fixtures/app/contracts.ts";
import { writeBuild } from "../build/testing/write-build.ts";
import { exitCodes } from "./exit-codes.ts";
import { fixtureApp, TestPlatform } from "./testing/test-platform.ts";

/** Longest wait of a test, milliseconds: a host that hangs fails its test instead of the run. */
const timeout = 60_000;
const nowhere = "/nowhere/app.ts";

/** A module that is a service of the fixture, and shows whose packages it finds. */
const moduleOf = (name: string): string =>
  `import { KerfError } from "@kerf/kernel";
if (KerfError === undefined) throw new Error("no packages");
export { default } from ${JSON.stringify(new URL(`./fixtures/app/${name}.ts`, import.meta.url).href)};
`;

test(
  "services of one unit come from builds, and the app is not looked at",
  { timeout },
  async (t) => {
    const platform = await TestPlatform.start();
    t.after(() => platform.end());
    const builds = {
      greeter: writeBuild(platform.directory, greeter, { "service.js": moduleOf("greeter") }),
      relay: writeBuild(platform.directory, relay, { "service.js": moduleOf("relay") }),
    };
    const both = platform.spawn("both-1", ["relay", "greeter"], { appModule: nowhere, builds });
    await platform.reported("both-1", "ready");
    const answer = await platform.client(relay, both).greet({ name: "Ada" });
    assert.deepEqual(answer, { text: "hello Ada, through the relay" });
  },
);

test("what has no build comes from the app's source", { timeout }, async (t) => {
  const platform = await TestPlatform.start();
  t.after(() => platform.end());
  const builds = {
    greeter: writeBuild(platform.directory, greeter, { "service.js": moduleOf("greeter") }),
  };
  const both = platform.spawn("both-1", ["relay", "greeter"], { appModule: fixtureApp, builds });
  await platform.reported("both-1", "ready");
  const answer = await platform.client(relay, both).greet({ name: "Ada" });
  assert.deepEqual(answer, { text: "hello Ada, through the relay" });
});

test("a build that is damaged, or another service's, does not start", { timeout }, async (t) => {
  const platform = await TestPlatform.start();
  t.after(() => platform.end());
  const build = writeBuild(platform.directory, greeter, { "service.js": moduleOf("greeter") });
  const other = platform.spawn("relay-1", ["relay"], { builds: { relay: build } });
  assert.equal((await other.exited).code, exitCodes.misconfigured);
  assert.match(other.log(), /is one of greeter, not of relay/);
  appendFileSync(join(build, "service.js"), "console.log('never runs');\n");
  const host = platform.spawn("greeter-1", ["greeter"], { builds: { greeter: build } });
  assert.equal((await host.exited).code, exitCodes.misconfigured);
  assert.match(host.log(), /service\.js was changed/);
  assert.doesNotMatch(host.log(), /never runs/);
});
