// Boundary: Docker itself is restarted, with and without `live-restore`, asked to end and killed: what clients see, which containers run afterwards, and what the platform says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { GeneratedApp } from "../releases/generated-app.ts";
import { ReleasedApp } from "../releases/released-app.ts";
import { Customer } from "../shop/customer.ts";
import { Load } from "../shop/load.ts";
import { eventually } from "../shop/running-shop.ts";
import { docker, lackingDocker } from "./docker.ts";
import { buildGreeterImage } from "./greeter-image.ts";
import { lackingOwnEngine, OwnEngine } from "./own-engine.ts";

const options = ["--runtime", "docker", "--environment", "dev"];
/** How long everything may take to be back, milliseconds: the machine may be busy. */
const backMs = 60_000;
/** Of a service with a database, and of an image of somebody else. */
const paths = ["/counter/counters/a", "/greeter/"];
const ways = ["SIGTERM", "SIGKILL"] as const;

const skip = (await lackingDocker()) ?? lackingOwnEngine() ?? false;

describe("Docker is restarted", { skip, timeout: 420_000 }, () => {
  let engine: OwnEngine;
  let source: GeneratedApp;
  let app: ReleasedApp;
  let customer: Customer;
  /** Lines of the platform's log that have been seen. */
  let seen = 0;

  before(async () => {
    engine = await OwnEngine.make();
    // All that this file starts talks to it.
    process.env["DOCKER_HOST"] = engine.host;
    await engine.start({ liveRestore: true });
    source = await GeneratedApp.write([{ name: "counter", hasDatabase: true, uses: [] }]);
    app = await ReleasedApp.up(source.module, ...options);
    customer = new Customer(app.url);
    const image = await buildGreeterImage(app.home);
    const asked = ["--image", image, "--port", "9000", "--env", "GREETING=hello"];
    await app.kerf("deploy", "--app", "greeter", ...asked);
  });
  beforeEach(async () => {
    seen = (await said()).length;
  });
  after(async () => {
    // What has to be ended is asked of it.
    if (app !== undefined) await app.stop();
    await engine?.remove();
    await app?.remove();
    await source?.remove();
  });

  async function said(): Promise<string[]> {
    return (await readFile(join(app.home, "logs", "platform.log"), "utf8")).trim().split("\n");
  }

  /** Resolves once the platform has said so since this test began. */
  function says(message: RegExp): Promise<unknown> {
    return eventually(
      `the platform says ${message}`,
      async () =>
        (await said()).slice(seen).some((line) => message.test(line)) ? true : undefined,
      backMs,
    );
  }

  /** Container and process id of everything that runs. */
  async function running(): Promise<string[]> {
    const ids = (await docker("ps", "--quiet", "--no-trunc")).split("\n");
    const each = await docker("inspect", "--format", "{{.Id}} {{.State.Pid}}", ...ids);
    return each.split("\n").toSorted();
  }

  /** Resolves once both paths answer. */
  function back(): Promise<unknown> {
    return eventually(
      "everything answers",
      async () => {
        const answers = await Promise.all(paths.map((path) => customer.get(path)));
        return answers.every(({ status }) => status === 200) ? true : undefined;
      },
      backMs,
    );
  }

  for (const way of ways)
    test(`with live-restore, ${way}: the same containers serve on, and no request fails`, async () => {
      const containers = await running();
      const load = new Load(customer, paths, backMs);
      await engine.end(way);
      await says(/Docker does not answer/);
      const since = load.samples.length;
      await eventually("it serves meanwhile", async () =>
        load.samples.length > since + 50 ? true : undefined,
      );
      await engine.start({ liveRestore: true });
      await says(/Docker is back/);
      const samples = await load.stop();
      assert.deepEqual(
        samples.filter(({ status }) => status !== 200),
        [],
      );
      assert.deepEqual(await running(), containers);
    });

  test("with live-restore, and the platform is killed with it: the next one takes the same containers over, and replaces them when it is asked to", async () => {
    const containers = await running();
    const { platform } = await app.status();
    const load = new Load(customer, paths, backMs);
    process.kill(platform.pid, "SIGKILL");
    await engine.end("SIGKILL");
    await engine.start({ liveRestore: true });
    await app.kerf("up", "--app", app.app, ...options);
    assert.deepEqual(await running(), containers);
    await app.kerf("restart", "counter");
    const samples = await load.stop();
    assert.deepEqual(
      samples.filter(({ status }) => status !== 200),
      [],
    );
    const now = await running();
    assert.equal(now.length, containers.length);
    assert.equal(now.filter((each) => containers.includes(each)).length, containers.length - 1);
  });

  for (const way of ways)
    test(`without live-restore, ${way}: others take the place of those that ended, and clients are told when to come again`, async () => {
      await engine.end("SIGTERM");
      await engine.start({ liveRestore: false });
      await back();
      const containers = await running();
      seen = (await said()).length;
      const counted = await customer.post("/counter/counters/a", {});
      assert.equal(counted.status, 200);
      await engine.end(way);
      await says(/Docker does not answer/);
      if (way === "SIGTERM")
        for (const path of paths) {
          const { body, headers, status } = await customer.get(path);
          assert.deepEqual([status, body.status, body.code], [503, 503, "unavailable"], path);
          assert.ok(Number(headers.get("retry-after")) >= 1);
        }
      await engine.start({ liveRestore: false });
      await says(/Docker is back/);
      await back();
      const after = await running();
      assert.equal(after.length, containers.length);
      assert.deepEqual(
        after.filter((each) => containers.includes(each)),
        [],
      );
      assert.deepEqual((await customer.get("/counter/counters/a")).body, counted.body);
    });
});
