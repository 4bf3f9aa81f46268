import assert from "node:assert/strict";
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { ErrorShape, KerfError } from "@kerf/kernel";
import { Workplace } from "../testing/platform-process.ts";
import { answers, keepAsking } from "../testing/requests.ts";

const value = "sk_live_4242-never-to-be-seen";

/** What the operator is told of a call that failed. */
async function failure(call: Promise<unknown>): Promise<ErrorShape> {
  const thrown = await call.then(
    () => assert.fail("it succeeded"),
    (error: KerfError) => error,
  );
  assert.equal(thrown.code, "failed");
  return thrown.data as ErrorShape;
}

/** Everything in files, arguments and environments in which a text may show. */
function placesWith(text: string, directories: readonly string[]): string[] {
  const files = directories.flatMap((directory) =>
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  return [...files, ...processes].filter((file) => {
    try {
      return readFileSync(file).includes(text);
    } catch {
      // A process that has ended, or another user's.
      return false;
    }
  });
}

test("configuration and secrets: declared, set, changed under load, never shown", async (t) => {
  const place = new Workplace(t, "settings");
  let platform = place.start("--no-watch", "--environment=test");
  let status = await platform.ready();
  const gateway = () => status.gateways[0]?.url as string;
  const fees = async () => (await fetch(`${gateway()}/fees`)).json();

  await t.test(
    "a service without what it needs waits, and the others of its unit serve",
    async () => {
      assert.equal((await fetch(`${gateway()}/hello`)).status, 200);
      const problem = status.services.find(({ name }) => name === "fees")?.problem;
      assert.equal(problem?.code, "invalid_configuration");
      const missing = "currency is not set; the secret providerKey is not set";
      assert.ok(problem?.message.includes(`${missing}; the secret webhookKey is not set`));
      assert.match(problem?.fix ?? "", /kerf config set fees .*kerf secrets set fees providerKey/);
      assert.ok(platform.events.some(({ type }) => type === "problem"));
    },
  );

  await t.test("a wrong configuration is refused whole, with all that is wrong", async () => {
    const { client } = platform;
    const set = { percent: 51, currency: 5, feePercnt: 1 };
    const { message } = await failure(client.changeConfig({ service: "fees", set }));
    for (const part of ["feePercnt is not declared", "percent", "currency"])
      assert.ok(message.includes(part), `${part} in ${message}`);
    assert.equal((await client.getConfig({ service: "fees" })).version, 0);
    const nobody = await failure(client.getConfig({ service: "nobody" }));
    assert.equal(nobody.code, "not_found");
  });

  await t.test("it starts when the last of what it needs is there", async () => {
    const { client } = platform;
    const first = await client.changeConfig({ service: "fees", set: { currency: "EUR" } });
    assert.match(first.waitsFor ?? "", /providerKey/);
    assert.deepEqual([first.version, first.instances], [1, []]);
    await client.setSecret({ service: "fees", name: "webhookKey", value: "webhook-1" });
    const last = await client.setSecret({ service: "fees", name: "providerKey", value });
    assert.deepEqual([last.version, last.instances.length, last.waitsFor], [2, 1, undefined]);
    await answers(`${gateway()}/fees`);
    assert.deepEqual(await fees(), { percent: 2, currency: "EUR", keyLength: value.length });
    const listed = await client.listSecrets({ service: "fees" });
    const told = listed.secrets.map(({ name, set, version }) => [name, set, version]);
    assert.deepEqual(told, [
      ["providerKey", true, 2],
      ["webhookKey", true, 1],
    ]);
    assert.equal(listed.secrets[0]?.by, "ada");
  });

  await t.test("a change exchanges the copies, and no call is lost", async () => {
    const asking = keepAsking(`${gateway()}/fees`);
    const changed = await platform.client.changeConfig({
      service: "fees",
      set: { percent: 3.5 },
    });
    assert.deepEqual(changed.before, { currency: "EUR" });
    assert.equal(await asking.stop(), 0);
    assert.deepEqual(await fees(), { percent: 3.5, currency: "EUR", keyLength: value.length });
  });

  await t.test(
    "what only the service's own schema refuses leaves the old copies serving",
    async () => {
      const set = { currency: "XXX" };
      const { message } = await failure(platform.client.changeConfig({ service: "fees", set }));
      assert.match(message, /Version 3 is kept, and fees could not be started with it/);
      assert.deepEqual(await fees(), { percent: 3.5, currency: "EUR", keyLength: value.length });
      await platform.client.changeConfig({ service: "fees", set: { currency: "USD" } });
    },
  );

  await t.test("the value shows nowhere: files, logs, arguments, environments", async () => {
    assert.equal((await fetch(`${gateway()}/leak`)).status, 500);
    const places = placesWith("the key is [secret]", [place.home]);
    assert.deepEqual(places.length, 1, "the line itself is there");
    assert.deepEqual(placesWith(value, [place.home, place.configuration]), []);
    for (const sought of [Buffer.from(value).toString("base64"), "webhook-1"])
      assert.deepEqual(placesWith(sought, [place.home, place.configuration]), []);
    assert.doesNotMatch(JSON.stringify(platform.events), /sk_live/);
    const keys = readdirSync(place.configuration, { recursive: true, withFileTypes: true });
    for (const entry of keys.filter((each) => each.isFile()))
      assert.equal(statSync(join(entry.parentPath, entry.name)).mode & 0o777, 0o600);
  });

  await t.test("a new master key, and a platform after this one, read the same", async () => {
    const file = join(place.home, "state", "secrets", "fees.json");
    copyFileSync(file, join(place.root, "older.json"));
    const { master, services } = await platform.client.rotateMasterKey({});
    assert.deepEqual([master, services], [2, ["fees"]]);
    await platform.end();
    platform = place.start("--no-watch", "--environment=test");
    status = await platform.ready();
    await answers(`${gateway()}/fees`);
    assert.deepEqual(await fees(), { percent: 3.5, currency: "USD", keyLength: value.length });
  });

  await t.test("an older file is refused, and what runs serves on", async () => {
    const file = join(place.home, "state", "secrets", "fees.json");
    const older = readFileSync(file);
    await platform.client.setSecret({
      service: "fees",
      name: "webhookKey",
      value: "webhook-2",
    });
    const newest = readFileSync(file);

    writeFileSync(file, older);
    const { message } = await failure(platform.client.listSecrets({ service: "fees" }));
    assert.match(message, /older than the newest that were set/);
    assert.equal((await fetch(`${gateway()}/fees`)).status, 200);
    writeFileSync(file, newest);
    copyFileSync(join(place.root, "older.json"), file);
    assert.equal(
      (await failure(platform.client.listSecrets({ service: "fees" }))).code,
      "invalid_configuration",
    );
    writeFileSync(file, newest);
    assert.equal((await platform.client.listSecrets({ service: "fees" })).version, 3);
  });

  await t.test(
    "each change is on record, with values of configuration and none of secrets",
    async () => {
      const { entries } = await platform.client.audit({ service: "fees" });
      const [refused, first, ...rest] = entries;
      assert.deepEqual([refused?.by, refused?.result], ["ada", "invalid_input"]);
      assert.deepEqual([first?.before, first?.after], [{}, { currency: "EUR" }]);
      const secret = rest.find(({ action }) => action === "setSecret");
      assert.deepEqual([secret?.asked, secret?.after], [{ name: "webhookKey" }, { version: 1 }]);
    },
  );

  await t.test("what is removed is missed before anything is exchanged", async () => {
    const { client } = platform;
    const removed = await client.removeSecret({ service: "fees", name: "providerKey" });
    assert.match(removed.waitsFor ?? "", /providerKey/);
    assert.equal((await fetch(`${gateway()}/fees`)).status, 200);
    assert.equal(
      (await failure(client.removeSecret({ service: "fees", name: "providerKey" }))).code,
      "not_found",
    );
  });

  await t.test(
    "a unit that has nothing else is not started, until it has what it needs",
    async () => {
      await platform.end();
      platform = place.start("--no-watch", "--environment=test", "--cut=all");
      status = await platform.ready();
      assert.equal((await fetch(`${gateway()}/hello`)).status, 200);
      assert.equal((await fetch(`${gateway()}/fees`)).status, 503);
      const unit = status.units.find(({ name }) => name === "fees");
      assert.equal(unit?.instances[0]?.state, "stopped");
      // Two at once: both are kept, and what serves in the end has both.
      const { client } = platform;
      const [secret, config] = await Promise.all([
        client.setSecret({ service: "fees", name: "providerKey", value: "short key" }),
        client.changeConfig({ service: "fees", set: { percent: 4 } }),
      ]);
      assert.ok(secret.instances.length + config.instances.length > 0);
      await answers(`${gateway()}/fees`);
      assert.deepEqual(await fees(), { percent: 4, currency: "USD", keyLength: 9 });
    },
  );
});
