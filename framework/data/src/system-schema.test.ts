import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { delay, systemClock } from "@kerf/kernel";
import { withAdvisoryLock } from "./advisory-lock.ts";
import { withConnection } from "./connection.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { provisionService } from "./provision.ts";
import { applySystemSchema, type SystemMigration } from "./system-schema.ts";

const migrations: readonly SystemMigration[] = [
  { name: "things-0001", sql: "create table kerf.thing (n integer)" },
];

let temporary: TemporaryServer;
before(async () => {
  temporary = await startTemporaryServer();
});
after(() => temporary.stop());

test("whoever comes while another one makes the first tables waits for it, and finds them", async () => {
  const passwords = { owner: "o", app: "a" };
  const { owner } = await provisionService(temporary.server.database, { service: "s", passwords });
  await withConnection(owner, "test", async (client) => {
    const second = await withAdvisoryLock(client, "kerf system schema", async () => {
      await client.query("begin");
      await client.query("create schema kerf");
      const applied = applySystemSchema(owner, migrations);
      applied.catch(() => undefined);
      await untilItWaits();
      await client.query("commit");
      return { applied };
    });
    assert.deepEqual(await second.applied, ["things-0001"]);
    assert.deepEqual(await applySystemSchema(owner, migrations), []);
  });
});

/** Asks for the lock again and again; or stands in a statement that it should not have sent. */
async function untilItWaits(): Promise<void> {
  const end = systemClock.now() + 10_000;
  await withConnection(temporary.server.database.admin(), "test", async (client) => {
    for (;;) {
      const { rowCount } = await client.query(
        `select from pg_stat_activity where application_name = 'kerf/migrate'
          and (query like '%pg_try_advisory_lock%' or wait_event_type = 'Lock')`,
      );
      if (rowCount === 1) return;
      if (systemClock.now() > end) assert.fail("nobody waits");
      await delay(systemClock, 5);
    }
  });
}
