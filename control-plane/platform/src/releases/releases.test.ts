import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { safe } from "@kerf/contract";
import { type ErrorShape, systemClock } from "@kerf/kernel";
import { build } from "../builds/builder.ts";
import { describeApp } from "../manifest/describe.ts";
import { programs } from "../programs.ts";
import { EventLog } from "../progress/event-log.ts";
import { type PlatformProcess, Workplace } from "../testing/platform-process.ts";
import { keepAsking, pidOf } from "../testing/requests.ts";

/** A platform that runs releases of the fixture `pair`, and builds of what a test makes of it. */
class Stage {
  readonly place: Workplace;
  readonly platform: PlatformProcess;
  gateway = "";
  #changes = 0;

  constructor(t: TestContext) {
    this.place = new Workplace(t, "pair");
    this.platform = this.start();
  }

  start(): PlatformProcess {
    return this.place.start("--releases", "--cut", "none");
  }

  async ready(): Promise<void> {
    this.gateway = (await this.platform.ready()).gateways[0]?.url as string;
  }

  /** Changes a file of the app's source. */
  edit(file: string, change: (source: string) => string): void {
    const path = this.place.path(file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  }

  /** Builds services from the source as it is now; answers their digests. */
  async build(...names: string[]): Promise<Record<string, string>> {
    const module = this.place.path("app.ts");
    const { builds } = await build(
      { module, names, out: join(this.place.home, "builds") },
      {
        clock: systemClock,
        events: new EventLog(systemClock),
        describe: () => describeApp(programs.describe, module, { forBuild: true }),
      },
    );
    return Object.fromEntries(builds.map(({ digest, service }) => [service, digest]));
  }

  get change(): string {
    return `test-${++this.#changes}`;
  }

  async deploy(...names: string[]) {
    const builds = await this.build(...names);
    return this.platform.client.deploy({ change: this.change, builds, watchMs: 0 });
  }

  async greeting(): Promise<string> {
    const answer = await fetch(`${this.gateway}/greetings/ada`);
    return ((await answer.json()) as { text: string }).text;
  }
}

/** What the operator is told of a change that fails. */
async function refusal(work: Promise<unknown>): Promise<ErrorShape> {
  const { error } = await safe(work as ReturnType<PlatformProcess["client"]["deploy"]>);
  assert.ok(error !== undefined, "it fails");
  return error.data as ErrorShape;
}

let stage: Stage;

test("services are built, deployed and rolled back alone, and run without their source", async (t) => {
  stage = new Stage(t);
  await stage.ready();
  const { client } = stage.platform;
  assert.equal(await stage.greeting(), "Hello ada 0");
  const asking = keepAsking(`${stage.gateway}/greetings/ada`);

  await t.test("a deploy changes what it names", async () => {
    stage.edit("greeter/words.ts", (source) => source.replace("Hello", "Good day"));
    stage.edit("counter/service.ts", (source) => `${source}\n// Not deployed.\n`);
    const report = await stage.deploy("greeter");
    assert.deepEqual(report.units, {
      main: {
        before: { services: ["counter", "greeter"], copies: 1, release: 1 },
        after: { services: ["counter", "greeter"], copies: 1, release: 2 },
      },
    });
    assert.equal(await stage.greeting(), "Good day ada 0");
    const { releases } = await client.releases({ unit: "main" });
    const [newest, first] = releases;
    assert.equal(newest?.running, true);
    assert.equal(newest?.builds["counter"], first?.builds["counter"]);
    assert.notEqual(newest?.builds["greeter"], first?.builds["greeter"]);
  });

  await t.test("a rollback runs what ran before", async () => {
    await client.rollback({ change: stage.change, unit: "main" });
    assert.equal(await stage.greeting(), "Hello ada 0");
    await client.rollback({ change: stage.change, unit: "main", release: 2 });
    assert.equal(await stage.greeting(), "Good day ada 0");
  });

  await t.test("cut and joined services keep their builds", async () => {
    await client.cut({ change: stage.change, service: "greeter" });
    assert.equal(await stage.greeting(), "Good day ada 0");
    const status = await client.status({});
    const counter = pidOf(status, "main");
    stage.edit("greeter/words.ts", (source) => source.replace("Good day", "Welcome"));
    await stage.deploy("greeter");
    assert.equal(await stage.greeting(), "Welcome ada 0");
    assert.equal(pidOf(await client.status({}), "main"), counter);
    const refused = await refusal(
      client.rollback({ change: stage.change, unit: "main", release: 1 }),
    );
    assert.match(refused.why ?? "", /greeter has left it since/);
    await client.join({ change: stage.change, service: "greeter", into: "main" });
    assert.equal(await stage.greeting(), "Welcome ada 0");
  });

  await t.test("a release that crashes at its start changes nothing, and says why", async () => {
    const healthy = readFileSync(stage.place.path("greeter/service.ts"), "utf8");
    // The process that describes it has no build among its arguments.
    const crash = 'if (process.argv.some((one) => one.includes("="))) throw new Error("no way");';
    stage.edit("greeter/service.ts", (source) => `${source}\n${crash}\n`);
    const refused = await refusal(stage.deploy("greeter"));
    assert.equal(refused.code, "change_failed");
    assert.match(refused.message, /nothing was changed/);
    assert.match(refused.why ?? "", /no way/);
    assert.equal(await stage.greeting(), "Welcome ada 0");
    stage.edit("greeter/service.ts", () => healthy);
  });

  await t.test("the gate refuses what others need; force goes on record", async () => {
    stage.edit("counter/contract.ts", (source) =>
      source.replace("by: z.int()", "by: z.int(), note: z.string()"),
    );
    const builds = await stage.build("counter");
    const { findings, verdict } = await client.mayDeploy({
      builds: Object.entries(builds)
        .map(([name, digest]) => `${name}=${digest}`)
        .join(","),
    });
    assert.equal(verdict, "no-go");
    assert.deepEqual(
      findings.map(({ about, consumer, operation, path }) => [about, consumer, operation, path]),
      [
        ["contract", "greeter", "counter.add", "note"],
        ["contract", "clients outside", "counter.add", "note"],
      ],
    );
    const refused = await refusal(client.deploy({ change: stage.change, builds, watchMs: 0 }));
    assert.equal(refused.code, "gate_refused");
    assert.match(refused.why ?? "", /counter\.add/);
    await client.deploy({ change: stage.change, builds, force: true, watchMs: 0 });
    const { entries } = await client.audit({ limit: 2 });
    assert.deepEqual(
      entries.map(({ action, asked, result }) => [action, asked?.["force"], result]),
      [
        ["deploy", undefined, "gate_refused"],
        ["deploy", true, "done"],
      ],
    );
  });

  await t.test(
    "tables come before their code; those that take something away are refused",
    async () => {
      const migrations = stage.place.path("counter/migrations");
      mkdirSync(migrations, { recursive: true });
      writeFileSync(
        join(migrations, "0002_notes.sql"),
        "alter table counters add column note text;",
      );
      await stage.deploy("counter");
      assert.equal((await client.status({})).services[0]?.migration, "0002_notes.sql");
      writeFileSync(join(migrations, "0003_drop.sql"), "alter table counters drop column note;");
      const dropped = await refusal(stage.deploy("counter"));
      assert.equal(dropped.code, "gate_refused");
      assert.match(dropped.why ?? "", /counters\.note/);
      writeFileSync(join(migrations, "0003_drop.sql"), "alter table nothing add column x int;");
      const broken = await refusal(stage.deploy("counter"));
      assert.match(broken.why ?? "", /nothing/);
      rmSync(join(migrations, "0003_drop.sql"));
      assert.equal((await client.status({})).services[0]?.problem, undefined);
    },
  );

  assert.equal(await asking.stop(), 0, "no request failed until here");

  await t.test("a release that fails its callers goes back by itself", async () => {
    const healthy = readFileSync(stage.place.path("greeter/service.ts"), "utf8");
    const leak = 'if (Math.random() < 0.3) throw new Error("leak");';
    stage.edit("greeter/service.ts", (source) =>
      source.replace("const { ok,", `${leak} const { ok,`),
    );
    const load = keepAsking(`${stage.gateway}/greetings/ada`);
    const builds = await stage.build("greeter");
    const canary = { canary: 0.2, watchMs: 30_000 };
    const refused = await refusal(client.deploy({ change: stage.change, builds, ...canary }));
    assert.equal(refused.code, "change_failed");
    assert.match(refused.message, /does worse than the one before/);
    assert.match(refused.why ?? "", /calls failed/);
    assert.ok((await load.stop()) > 0, "callers of the canary noticed");
    stage.edit("greeter/service.ts", () => healthy);
    const after = keepAsking(`${stage.gateway}/greetings/ada`);
    assert.equal(await stage.greeting(), "Welcome ada 0");
    const [newest] = (await client.releases({ unit: "main" })).releases;
    assert.equal(newest?.running, false);
    assert.equal(await after.stop(), 0);
  });

  await t.test(
    "the source is not needed, and what was deployed runs at the next start",
    async () => {
      await stage.platform.end();
      rmSync(stage.place.path("greeter"), { recursive: true });
      const next = stage.start();
      const status = await next.ready();
      stage.gateway = status.gateways[0]?.url as string;
      assert.equal(await stage.greeting(), "Welcome ada 0");
    },
  );
});
