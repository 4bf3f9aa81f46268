import assert from "node:assert/strict";
import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { withConnection } from "../connection.ts";
import { startTemporaryServer, type TemporaryServer } from "../embedded/temporary-server.ts";
import { type ProvisionedService, provisionService } from "../provision.ts";
import { migrate } from "./migrate.ts";

let temporary: TemporaryServer;
let service: ProvisionedService;
let directory: string;
let count = 0;

before(async () => {
  temporary = await startTemporaryServer();
});

after(async () => temporary.stop());

beforeEach(async () => {
  service = await provisionService(temporary.server.database, {
    service: `m${++count}`,
    passwords: { owner: "o", app: "a" },
  });
});

async function files(given: Record<string, string>): Promise<void> {
  directory = await mkdtemp(join(temporary.directory, "migrations-"));
  for (const [name, text] of Object.entries(given)) await writeFile(join(directory, name), text);
}

async function rows(sql: string, connection = service.owner): Promise<unknown[]> {
  return withConnection(connection, "test", async (client) => (await client.query(sql)).rows);
}

const first = { "0001_a.sql": "create table a (n int);\ninsert into a values (1);" };
const failed =
  (...patterns: RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof KerfError);
    assert.equal(error.code, "migration_failed");
    for (const pattern of patterns)
      assert.match(`${error.message}\n${error.why}\n${error.fix}`, pattern);
    return true;
  };

test("files are applied once, in order, and recorded; the app role works in what they made", async () => {
  await files({
    "0002_b.sql": "alter table a add column m int;",
    ...first,
    "notes.md": "not a migration",
  });
  assert.deepEqual(await migrate(service.owner, directory), {
    applied: ["0001_a.sql", "0002_b.sql"],
    before: 0,
  });
  assert.deepEqual(await migrate(service.owner, directory), { applied: [], before: 2 });
  assert.deepEqual(await rows("select * from a", service.app), [{ n: 1, m: null }]);
  await writeFile(join(directory, "0003_c.sql"), "create table c ()");
  assert.deepEqual(await migrate(service.owner, directory), { applied: ["0003_c.sql"], before: 2 });
});

test("the record of what was applied is the owner's alone", async () => {
  await files(first);
  await migrate(service.owner, directory);
  await assert.rejects(rows("delete from kerf_migrations", service.app), { code: "42501" });
});

test("a broken migration names file, line and column, and leaves nothing of itself", async () => {
  await files({
    ...first,
    "0002_bad.sql": "create table b (n int);\n-- é😀\nselect 1,\n  nope from a;",
  });
  await assert.rejects(
    migrate(service.owner, directory),
    failed(
      /0002_bad\.sql:4:3/,
      /column "nope" does not exist/,
      /nope from a/,
      /Nothing of it was applied/,
    ),
  );
  assert.deepEqual(await rows("select to_regclass('b') as b, to_regclass('a')::text as a"), [
    { b: null, a: "a" },
  ]);
  await writeFile(join(directory, "0002_bad.sql"), "create table b (n int)");
  assert.deepEqual((await migrate(service.owner, directory)).applied, ["0002_bad.sql"]);
});

test("what was applied may be neither edited nor removed, nor preceded; all is said at once", async () => {
  await files({ ...first, "0002_b.sql": "select 1;", "0004_d.sql": "select 4;" });
  await migrate(service.owner, directory);
  await files({
    "0001_a.sql": "create table a (n bigint);",
    "0003_c.sql": "select 3",
    "0004_d.sql": "select 4;",
  });
  await assert.rejects(
    migrate(service.owner, directory),
    failed(
      /0001_a\.sql: it was applied, and its file was edited/,
      /0002_b\.sql: .* its file is gone/,
      /0003_c\.sql: it comes before 0004_d\.sql/,
    ),
  );
});

test("a checkout with other line ends is no edit", async () => {
  await files(first);
  await migrate(service.owner, directory);
  await files({ "0001_a.sql": first["0001_a.sql"].replaceAll("\n", "\r\n") });
  assert.deepEqual((await migrate(service.owner, directory)).applied, []);
});

test("everything wrong in a directory is said at once, before anything is applied", async () => {
  await files({
    ...first,
    "0001_b.sql": "select 1",
    "2_short.sql": "select 1",
    "0003_empty.sql": "-- nothing",
    "0004_ends.sql": "select 1;\nCOMMIT;\nselect 2",
    "0005_two.sql": "-- why\n-- kerf: no-transaction\nselect 1; select 2",
  });
  await assert.rejects(
    migrate(service.owner, directory),
    failed(
      /same number/,
      /2_short\.sql: the name/,
      /0003_empty\.sql: it holds no statement/,
      /0004_ends\.sql:2/,
      /0005_two\.sql: .*one statement/,
    ),
  );
  await assert.rejects(
    migrate(service.owner, join(directory, "nowhere")),
    failed(/cannot be read/),
  );
  assert.deepEqual(await rows("select to_regclass('a') as a"), [{ a: null }]);
});

test("what cannot run in a transaction runs without one, when it says so", async () => {
  const index = "create index concurrently if not exists a_n on a (n)";
  await files({ ...first, "0002_index.sql": index });
  await assert.rejects(migrate(service.owner, directory), failed(/kerf: no-transaction/));
  await files({ ...first, "0002_index.sql": `-- kerf: no-transaction\n${index};\n` });
  assert.deepEqual((await migrate(service.owner, directory)).applied, ["0002_index.sql"]);
});

test("several at once take turns, indexes built concurrently included", async () => {
  await files({
    ...first,
    "0002_index.sql": "-- kerf: no-transaction\ncreate index concurrently a_n on a (n)",
    "0003_c.sql": "create table c ()",
  });
  const results = await Promise.all([1, 2, 3].map(() => migrate(service.owner, directory)));
  assert.deepEqual(
    results.flatMap((result) => result.applied),
    ["0001_a.sql", "0002_index.sql", "0003_c.sql"],
  );
});
