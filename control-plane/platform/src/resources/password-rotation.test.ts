import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Workplace } from "../testing/platform-process.ts";
import { answers } from "../testing/requests.ts";

interface Kept {
  owner: string;
  app: string;
  login?: string;
  next?: { owner: string; app: string };
}

const json = { "content-type": "application/json" };

/** Reads and writes without a pause, through the gateway; `stop` tells how many were done and which did not succeed. */
function load(gateway: string) {
  let working = true;
  let done = 0;
  const failed: string[] = [];
  const url = `${gateway}/counters/a`;
  const add = { method: "POST", headers: json, body: JSON.stringify({ by: 1 }) };
  const ask = async (request?: RequestInit): Promise<void> => {
    while (working) {
      const { status } = await fetch(url, request);
      if (status === 200) done++;
      else failed.push(`${request?.method ?? "GET"} ${status}`);
    }
  };
  const asked = Promise.all([ask(), ask(add), ask(add)]);
  return {
    async stop() {
      working = false;
      await asked;
      return { done, failed };
    },
  };
}

test("passwords are exchanged under load without a lost call, and the old ones are refused", async (t) => {
  const place = new Workplace(t, "pair");
  let platform = place.start("--no-watch");
  let gateway = (await platform.ready()).gateways[0]?.url as string;
  const file = join(place.home, "keys", "databases.json");
  const kept = () => (JSON.parse(readFileSync(file, "utf8")) as { counter: Kept }).counter;
  const add = (by: number) =>
    fetch(`${gateway}/counters/a`, { method: "POST", headers: json, body: JSON.stringify({ by }) });
  assert.equal((await add(1)).status, 200);

  /** Exchanges the passwords under load; `role` is the way in that is given up. */
  const rotate = async (role: string): Promise<void> => {
    const working = load(gateway);
    const { instances, refused } = await platform.client.rotateDatabasePasswords({
      service: "counter",
    });
    const { done, failed } = await working.stop();
    assert.deepEqual(failed, []);
    assert.ok(done > 0);
    assert.equal(instances.length, 1);
    assert.deepEqual(Object.keys(refused).toSorted(), [role, "counter_owner"]);
    for (const answer of Object.values(refused))
      assert.match(answer, /password authentication failed/);
  };

  const first = kept();
  await rotate("counter_app");
  const second = kept();
  assert.equal(second.login, "second");
  assert.notEqual(second.app, first.app);
  assert.notEqual(second.owner, first.owner);

  await t.test("a service without a database has no passwords, and all is on record", async () => {
    const { client } = platform;
    await assert.rejects(client.rotateDatabasePasswords({ service: "greeter" }));
    const { entries } = await client.audit({});
    assert.deepEqual(
      entries.map(({ action, result }) => `${action} ${result}`),
      ["rotateDatabasePasswords done", "rotateDatabasePasswords not_found"],
    );
    const text = JSON.stringify(entries);
    assert.ok(
      [first, second].every(({ app, owner }) => !text.includes(app) && !text.includes(owner)),
    );
  });

  await t.test("an exchange that a platform did not finish is finished by the next", async () => {
    await platform.end();
    // As a platform leaves it that is killed while the copies are exchanged.
    const next = { owner: "o".repeat(43), app: "a".repeat(43) };
    writeFileSync(file, JSON.stringify({ counter: { ...second, next } }));
    platform = place.start("--no-watch");
    gateway = (await platform.ready()).gateways[0]?.url as string;
    await answers(`${gateway}/counters/a`);
    await rotate("counter_app_2");
    assert.deepEqual(kept(), { ...next, login: "app" });
    assert.equal((await add(1)).status, 200);
  });
});
