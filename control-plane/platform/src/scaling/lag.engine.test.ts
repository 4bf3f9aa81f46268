import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Workplace } from "../testing/platform-process.ts";

const waiting = 60;

test("a unit that follows events gets copies while events wait for it, none while none does, and each is handled once", async (t) => {
  const place = new Workplace(t, "ledger");
  const hold = place.path("witness", "hold");
  const source = place.path("witness", "service.ts");
  // Handlers stand still while there is this file.
  const held = readFileSync(source, "utf8")
    .replace(
      "async added({ event: { payload }, db }) {",
      `async added({ event: { payload }, db }) {
    while (existsSync(${JSON.stringify(hold)})) await setTimeout(20);`,
    )
    .replace(
      /^/,
      'import { existsSync } from "node:fs";\nimport { setTimeout } from "node:timers/promises";\n',
    );
  writeFileSync(source, held);
  writeFileSync(hold, "");
  let platform = place.start("--no-watch");
  await platform.ready();
  const witness = async () =>
    (await platform.client.status({})).units.find(({ name }) => name === "witness");
  const copies = async (): Promise<number> => (await witness())?.instances.length ?? 0;
  const copiesBecome = async (count: number): Promise<void> => {
    for (;;) {
      const next = platform.next("instance", ({ unit }) => unit === "witness");
      // Nobody waits for it when there was nothing to wait for.
      next.catch(() => {});
      if ((await copies()) === count) return;
      await next;
    }
  };
  let added = 0;
  const add = async (): Promise<void> => {
    const input = { mark: `mark ${(added += 1)}` };
    await platform.client.invoke({ service: "entries", operation: "add", input });
  };
  /** Resolves when every event is handled; rejects when one was handled twice. */
  const allHandled = async (): Promise<void> => {
    for (;;) {
      const { rows } = await platform.client.sql({
        service: "witness",
        statement: "select count(*), count(distinct mark) from seen",
      });
      const [[all, marks] = []] = rows;
      if (Number(marks) < added) continue;
      assert.equal(Number(all), added);
      return;
    }
  };

  await t.test("more copies for many events", async () => {
    assert.equal(await copies(), 1);
    while (added < waiting) await add();
    const auto = { min: 1, max: 3, target: { lag: 10 } };
    const { title } = await platform.client.scale({ change: "auto-1", unit: "witness", auto });
    assert.equal(title, "witness by its load, from 1 to 3");
    await copiesBecome(3);
    // A mean of some seconds, the first of which may be before anybody has asked.
    assert.match((await witness())?.scaling?.why ?? "", /^3: [0-9.]+ events waiting, 10 for each$/);
    rmSync(hold);
    await allHandled();
  });

  await t.test("none while no event waits, and the next one wakes it", async () => {
    const auto = { min: 0, max: 3, target: { lag: 10 }, idleMs: 1_000 };
    await platform.client.scale({ change: "auto-2", unit: "witness", auto });
    await copiesBecome(0);
    assert.equal((await witness())?.scaling?.asleep, true);
    const ready = platform.next(
      "instance",
      ({ unit, state }) => unit === "witness" && state === "ready",
    );
    await add();
    await ready;
    await allHandled();
    const { entries } = await platform.client.audit({ limit: 5 });
    assert.ok(entries.some(({ why }) => why === "events wait: 1"));
  });

  await t.test("what comes while nobody looks is handled once there is a platform", async () => {
    await copiesBecome(0);
    const { gateways } = await platform.client.status({});
    platform.child.kill("SIGKILL");
    await platform.exited;
    const answer = await fetch(`${gateways[0]?.url}/entries`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ mark: `mark ${(added += 1)}` }),
    });
    assert.equal(answer.status, 200);
    platform = place.start("--no-watch");
    await platform.ready();
    await allHandled();
  });
});
