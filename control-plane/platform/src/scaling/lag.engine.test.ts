import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Workplace } from "../testing/platform-process.ts";

const waiting = 60;

test("a unit that follows events gets more copies while events wait for it, and each is handled once", async (t) => {
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
  const platform = place.start("--no-watch");
  await platform.ready();
  const { client } = platform;
  const copies = async (): Promise<number> => {
    const { units } = await client.status({});
    return units.find(({ name }) => name === "witness")?.instances.length ?? 0;
  };
  assert.equal(await copies(), 1);

  for (let n = 0; n < waiting; n += 1) {
    const input = { mark: `mark ${n}` };
    await client.invoke({ service: "entries", operation: "add", input });
  }
  const auto = { min: 1, max: 3, target: { lag: 10 } };
  const { title } = await client.scale({ change: "auto-1", unit: "witness", auto });
  assert.equal(title, "witness by its load, from 1 to 3");
  while ((await copies()) < 3)
    await platform.next("instance", ({ unit, state }) => unit === "witness" && state === "ready");
  const { units } = await client.status({});
  const { scaling } = units.find(({ name }) => name === "witness") ?? {};
  // A mean of some seconds, the first of which may be before anybody has asked.
  assert.match(scaling?.why ?? "", /^3: [0-9.]+ events waiting, 10 for each$/);

  rmSync(hold);
  for (;;) {
    const { rows } = await client.sql({
      service: "witness",
      statement: "select count(*), count(distinct mark) from seen",
    });
    const [[all, marks] = []] = rows;
    if (Number(marks) < waiting) continue;
    assert.equal(Number(all), waiting);
    return;
  }
});
