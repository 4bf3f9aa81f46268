import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { refusal, ReleaseStage } from "../testing/release-stage.ts";
import { keepAsking, pidOf } from "../testing/requests.ts";

let stage: ReleaseStage;

async function greeting(): Promise<string> {
  const answer = await fetch(`${stage.gateway}/greetings/ada`);
  return ((await answer.json()) as { text: string }).text;
}

test("services are built, deployed and rolled back alone, and run without their source", async (t) => {
  stage = new ReleaseStage(t, "pair", "--cut", "none");
  await stage.ready();
  const { client } = stage.platform;
  assert.equal(await greeting(), "Hello ada 0");
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
    assert.equal(await greeting(), "Good day ada 0");
    const { releases } = await client.releases({ unit: "main" });
    const [newest, first] = releases;
    assert.equal(newest?.running, true);
    assert.equal(newest?.builds["counter"], first?.builds["counter"]);
    assert.notEqual(newest?.builds["greeter"], first?.builds["greeter"]);
  });

  await t.test("a rollback runs what ran before", async () => {
    const back = async () =>
      (await client.releases({ unit: "main" })).releases.find((release) => release.back)?.number;
    assert.equal(await back(), 1);
    await client.rollback({ change: stage.change, unit: "main" });
    assert.equal(await greeting(), "Hello ada 0");
    // Whoever goes back twice does not want to be where it began.
    assert.equal(await back(), undefined);
    const twice = await refusal(client.rollback({ change: stage.change, unit: "main" }));
    assert.match(twice.message, /earlier release already: main@1, and before it ran main@2/);
    const service = await refusal(client.rollback({ change: stage.change, unit: "greeter" }));
    assert.match(service.why ?? "", /greeter is a service of the unit main, together with counter/);
    const none = await refusal(client.releases({ unit: "nobody" }) as never);
    assert.deepEqual(
      [none.code, none.fix],
      ["not_found", "Give one of: main, gateway:web, app:pair"],
    );
    await client.rollback({ change: stage.change, unit: "main", release: 2 });
    assert.equal(await greeting(), "Good day ada 0");
  });

  await t.test("cut and joined services keep their builds", async () => {
    await client.cut({ change: stage.change, service: "greeter" });
    assert.equal(await greeting(), "Good day ada 0");
    const status = await client.status({});
    const counter = pidOf(status, "main");
    stage.edit("greeter/words.ts", (source) => source.replace("Good day", "Welcome"));
    await stage.deploy("greeter");
    assert.equal(await greeting(), "Welcome ada 0");
    assert.equal(pidOf(await client.status({}), "main"), counter);
    const refused = await refusal(
      client.rollback({ change: stage.change, unit: "main", release: 1 }),
    );
    assert.match(refused.why ?? "", /greeter has left it since/);
    await client.join({ change: stage.change, service: "greeter", into: "main" });
    assert.equal(await greeting(), "Welcome ada 0");
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
    assert.equal(await greeting(), "Welcome ada 0");
    const { releases } = await client.releases({ unit: "main" });
    const [never, now] = releases;
    assert.deepEqual([never?.failed, never?.running, now?.running], ["start", false, true]);
    assert.match(never?.failure ?? "", /ended with exit code .* no way/);
    assert.deepEqual([now?.failed, now?.failure], [undefined, undefined]);
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
    for (const { why } of entries) assert.match(why ?? "", /greeter calls counter\.add/);
    assert.match(entries[1]?.why ?? "", /^by force, against: /);
    const [forced] = (await client.releases({ unit: "main" })).releases;
    assert.equal(forced?.why, "deploy counter, by force");
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

  await t.test("while a release is watched, an operator's word counts more", async () => {
    assert.deepEqual((await client.watched({})).changes, []);
    const unwatched = await refusal(client.promote({ unit: "main" }) as never);
    assert.equal(unwatched.code, "not_found");
    stage.edit("greeter/words.ts", (source) => source.replace("Welcome", "Hail"));
    const builds = await stage.build("greeter");
    const watchedUntil = async <T>(decide: () => Promise<T>) => {
      const begun = stage.platform.next(
        "rollout",
        ({ state, step }) => step === "warm" && state === "started",
      );
      const deploying = client.deploy({ change: stage.change, builds, watchMs: 300_000 });
      // A deploy that fails before it watches says so.
      await Promise.race([begun, deploying]);
      await decide();
      return deploying;
    };

    const unwanted = refusal(watchedUntil(() => client.abandon({ unit: "main" })));
    assert.match((await unwanted).message, /went back while the new release was watched/);
    assert.equal(await greeting(), "Welcome ada 0");

    const report = await watchedUntil(async () => {
      const [change] = (await client.watched({})).changes;
      const [unit] = change?.units ?? [];
      assert.equal(unit?.unit, "main");
      const { change: shown } = await client.status({});
      assert.deepEqual([shown?.id, shown?.title, shown?.step], [change?.change, "greeter", "warm"]);
      assert.ok((unit?.stable.calls ?? 0) > 0, "the one before was called");
      assert.ok((unit?.canary.release ?? 0) > (unit?.stable.release ?? 0));
      await client.promote({ unit: "main" });
    });
    assert.equal(report.units["main"]?.after?.copies, 1);
    assert.equal((await client.status({})).change, undefined);
    assert.equal(await greeting(), "Hail ada 0");
    stage.edit("greeter/words.ts", (source) => source.replace("Hail", "Welcome"));
    await stage.deploy("greeter");
  });

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
    assert.equal(await greeting(), "Welcome ada 0");
    const [newest] = (await client.releases({ unit: "main" })).releases;
    assert.deepEqual([newest?.running, newest?.failed], [false, "watch"]);
    assert.match(newest?.failure ?? "", /does worse than the one before/);
    // One that never served is not what ran before.
    await client.rollback({ change: stage.change, unit: "main" });
    assert.equal(await greeting(), "Hail ada 0");
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
      assert.equal(await greeting(), "Hail ada 0");
    },
  );
});
