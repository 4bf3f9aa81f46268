import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { refusal, ReleaseStage } from "../testing/release-stage.ts";
import { answers, keepAsking } from "../testing/requests.ts";

test("where releases run, a change of settings is one like any other", async (t) => {
  const stage = new ReleaseStage(t, "settings", "--environment=test");
  await stage.ready();
  const { client } = stage.platform;
  const fees = async (): Promise<Record<string, unknown>> =>
    (await (await fetch(`${stage.gateway}/fees`)).json()) as Record<string, unknown>;
  const newest = async () => (await client.releases({ unit: "main" })).releases[0];
  const set = (values: Record<string, string | number>) =>
    client.changeConfig({ service: "fees", change: stage.change, set: values, watchMs: 0 });
  const secret = (name: string, value: string) =>
    client.setSecret({ service: "fees", name, value, change: stage.change, watchMs: 0 });

  await t.test("what does not run is neither cut nor joined, and the reason is said", async () => {
    const refused = await refusal(client.cut({ change: stage.change, service: "fees" }));
    assert.match(refused.message, /fees does not run, so there is nothing to cut/);
    assert.match(refused.why ?? "", /the secret providerKey is not set/);
    assert.match(refused.fix ?? "", /kerf secrets set fees providerKey/);
  });

  await t.test("what is not enough yet starts nothing, and is kept for the rest", async () => {
    const first = await set({ currency: "EUR" });
    assert.match(first.waitsFor ?? "", /the secret providerKey is not set/);
    assert.doesNotMatch(first.waitsFor ?? "", /currency/);
    await secret("webhookKey", "webhook-1");
    assert.equal((await newest())?.number, 1);
    const last = await secret("providerKey", "four");
    assert.equal(last.instances.length, 1);
    assert.equal(last.report?.kind, "configure");
    await answers(`${stage.gateway}/fees`);
    assert.deepEqual(await fees(), { percent: 2, currency: "EUR", keyLength: 4 });
    const release = await newest();
    assert.equal(release?.number, 2);
    assert.deepEqual(release?.settings, { fees: { config: 1, secrets: 2 } });
    assert.deepEqual(release?.set, { fees: ["currency", "webhookKey", "providerKey"] });
    assert.equal(
      (await client.status({})).services.find(({ problem }) => problem),
      undefined,
    );
  });

  await t.test("several values are one release, and no call is lost", async () => {
    const asking = keepAsking(`${stage.gateway}/fees`);
    const changed = await set({ percent: 3, currency: "USD" });
    assert.deepEqual(Object.values(changed.report?.units ?? {})[0]?.after?.release, 3);
    assert.equal(await asking.stop(), 0);
    assert.deepEqual(await fees(), { percent: 3, currency: "USD", keyLength: 4 });
    assert.match((await newest())?.why ?? "", /configure fees \(percent, currency\)/);
  });

  await t.test("what new copies cannot start with does not come into force", async () => {
    const refused = await refusal(set({ currency: "XXX" }));
    assert.equal(refused.code, "change_failed");
    assert.match(refused.message, /nothing was changed/);
    assert.deepEqual(await fees(), { percent: 3, currency: "USD", keyLength: 4 });
    assert.deepEqual((await client.getConfig({ service: "fees" })).values["currency"], "USD");
    // The next change goes on from what is in force.
    await set({ percent: 4 });
    assert.deepEqual(await fees(), { percent: 4, currency: "USD", keyLength: 4 });
    const missed = await refusal(
      client.removeSecret({ service: "fees", name: "providerKey", watchMs: 0 }),
    );
    assert.match(missed.message, /fees runs, and would lack what it needs/);
  });

  await t.test("a rollback brings back the values of then", async () => {
    await secret("providerKey", "five!");
    assert.equal((await fees())["keyLength"], 5);
    await client.rollback({ change: stage.change, unit: "main", release: 3 });
    assert.deepEqual(await fees(), { percent: 3, currency: "USD", keyLength: 4 });
    const refused = await refusal(
      client.rollback({ change: stage.change, unit: "main", release: 1 }),
    );
    assert.equal(refused.code, "gate_refused");
    assert.match(refused.why ?? "", /currency is not set; the secret providerKey is not set/);
  });

  await t.test(
    "code that needs what nobody has set is refused before anything starts",
    async () => {
      stage.edit("fees/service.ts", (source) =>
        source
          .replace("currency: z", "region: z.string(), currency: z")
          .replace("providerKey: {},", "providerKey: {}, newKey: {},")
          .replace("secrets.providerKey.length", "secrets.newKey.length"),
      );
      const undeclared = await refusal(secret("newKey", "1234567"));
      assert.match(undeclared.fix ?? "", /--ahead/);
      const refused = await refusal(stage.deploy("fees"));
      assert.equal(refused.code, "gate_refused");
      assert.match(refused.why ?? "", /region is not set; the secret newKey is not set/);
      assert.match(refused.why ?? "", /kerf secrets set fees newKey --ahead/);

      const pids = (await client.status({})).units.map(({ instances }) => instances[0]?.pid);
      const ahead = { service: "fees", ahead: true };
      assert.equal((await client.changeConfig({ ...ahead, set: { region: "eu" } })).ahead, true);
      await client.setSecret({ ...ahead, name: "newKey", value: "1234567" });
      assert.deepEqual(
        (await client.status({})).units.map(({ instances }) => instances[0]?.pid),
        pids,
        "nothing was started for it",
      );
      await set({ percent: 5 });
      await stage.deploy("fees");
      assert.deepEqual(await fees(), { percent: 5, currency: "USD", keyLength: 7 });
    },
  );

  await t.test(
    "what is in force survives the platform; a version that is gone says so",
    async () => {
      await refusal(set({ currency: "XXX" }));
      await stage.platform.end();
      const next = stage.start();
      stage.gateway = (await next.ready()).gateways[0]?.url as string;
      await answers(`${stage.gateway}/fees`);
      assert.deepEqual(await fees(), { percent: 5, currency: "USD", keyLength: 7 });
      const file = join(stage.place.home, "state", "settings", "fees.json");
      const kept = JSON.parse(readFileSync(file, "utf8")) as { versions: { version: number }[] };
      const [first, ...rest] = kept.versions;
      assert.equal(first?.version, 1);
      writeFileSync(file, JSON.stringify({ service: "fees", versions: rest }));
      const gone = await refusal(
        next.client.rollback({ change: stage.change, unit: "main", release: 2 }),
      );
      assert.match(gone.why ?? "", /Version 1 of the configuration of fees is not kept/);
    },
  );
});
