import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AuditEntry } from "@kerf/control-api";
import { Workplace } from "../testing/platform-process.ts";

const value = "sk_live_never-on-record";

test("every change goes on record with who made it, and what only looks does not", async (t) => {
  const place = new Workplace(t, "pair");
  const platform = place.start("--no-watch", "--cut=none");
  await platform.ready();
  const { client } = platform;
  const entries = async (): Promise<AuditEntry[]> => (await client.audit({})).entries;
  const newest = async () => {
    const { at: _at, ...entry } = (await entries()).at(-1) as AuditEntry;
    return entry;
  };
  const ada = { by: "ada", result: "done" };

  await client.status({});
  await client.invoke({ service: "greeter", operation: "greet", input: { name: "x" } });
  await client.operate({ service: "counter", action: "schedules.list" }).catch(() => {});
  for (const statement of ["select 1", " SELECT value from counters;", "show all"])
    await client.sql({ service: "counter", statement });
  assert.deepEqual(await entries(), []);

  await client.invoke({ service: "counter", operation: "add", input: { name: value, by: 1 } });
  assert.deepEqual(await newest(), {
    ...ada,
    action: "invoke",
    service: "counter",
    asked: { operation: "add" },
  });

  const statement = "update counters set value = 2; select 1";
  await client.sql({ service: "counter", statement });
  assert.deepEqual(await newest(), {
    ...ada,
    action: "sql",
    service: "counter",
    asked: { role: "app", statement },
  });
  for (const writing of [
    "with gone as (delete from counters returning 1) select 1",
    "explain analyze delete from counters",
    "select 1; delete from counters",
    "select name into temporary copied from counters",
  ]) {
    await client.sql({ service: "counter", statement: writing, role: "owner" });
    assert.deepEqual((await newest()).asked?.["statement"], writing);
  }

  await client.restart({ change: "restart-1", unit: "main" });
  const restarted = await newest();
  assert.deepEqual([restarted.action, restarted.unit], ["restart", "main"]);

  await assert.rejects(client.restart({ change: "restart-2", unit: "nobody" }));
  const failed = await newest();
  assert.deepEqual([failed.unit, failed.result], ["nobody", "not_found"]);
  assert.match(failed.why ?? "", /There is no unit "nobody"/);

  await assert.rejects(client.setSecret({ service: "counter", name: "key", value }));
  assert.deepEqual((await newest()).asked, { name: "key" });

  const count = (await entries()).length;
  await platform.end();
  const text = readFileSync(join(place.home, "state", "audit.jsonl"), "utf8");
  assert.equal(text.trimEnd().split("\n").length, count);
  assert.doesNotMatch(text, /never-on-record/);
});
