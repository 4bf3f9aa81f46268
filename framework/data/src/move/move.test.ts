import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Client } from "pg";
import { type ConnectionConfig, withConnection } from "../connection.ts";
import { startTemporaryServer, type TemporaryServer } from "../embedded/temporary-server.ts";
import { type ProvisionedService, provisionService } from "../provision.ts";
import { serviceNames } from "../service-names.ts";
import { tableSums, unequalTables } from "./checksums.ts";
import { contentDifferences, readContents } from "./contents.ts";
import { DatabaseCopy } from "./database-copy.ts";
import { revokeWrites, writeRights } from "./fence.ts";
import { pauseWrites } from "./write-pause.ts";

const schema = `
  create type mood as enum ('low', 'high');
  create table people (id bigint generated always as identity primary key, name text, moods mood[], born date,
    share double precision, raw bytea, upper text generated always as (upper(name)) stored);
  create table pets (id serial primary key, owner bigint not null references people);
  create table days (day date not null, n int) partition by range (day);
  create table days_1 partition of days for values from ('2026-01-01') to ('2026-01-02')`;

let temporary: TemporaryServer;

before(async () => {
  temporary = await startTemporaryServer();
});

after(() => temporary.stop());

// Two databases of one server: what is tested knows of no server.
async function pair(
  name: string,
): Promise<{ here: ProvisionedService; there: ProvisionedService }> {
  const { database } = temporary.server;
  const make = (service: string) =>
    provisionService(database, { service, passwords: { owner: "o", app: "a" } });
  const [here, there] = [await make(`${name}-here`), await make(`${name}-there`)];
  for (const { owner } of [here, there])
    await withConnection(owner, "test", (client) => client.query(schema));
  return { here, there };
}

function both<T>(
  here: ConnectionConfig,
  there: ConnectionConfig,
  work: (source: Client, target: Client) => Promise<T>,
): Promise<T> {
  const admin = temporary.server.database.admin(there.database);
  return withConnection(here, "test", (source) =>
    withConnection(admin, "test", (target) => work(source, target)),
  );
}

test("a copy is equal to the last digit, whatever triggers and keys say, and is made again only where rows changed", async () => {
  const { here, there } = await pair("equal");
  await both(here.owner, there.owner, async (source, target) => {
    await source.query(`
      insert into people (name, moods, born, share, raw)
        select 'N' || n || E'\\t\\\\', '{low,high}', '2000-02-29', 0.1 + n, '\\x00ff' from generate_series(1, 500) n;
      insert into pets (owner) select id from people;
      insert into days values ('2026-01-01', 1);
      create table days_2 partition of days for values from ('2026-01-02') to ('2026-01-03');
      insert into days values ('2026-01-02', 2)`);
    const copy = await DatabaseCopy.begin(source, target, there.owner.user);
    await copy.assertCopyable();
    const first = await copy.pass();
    assert.deepEqual(first.copied, [
      '"public"."days_1"',
      '"public"."days_2"',
      '"public"."people"',
      '"public"."pets"',
    ]);
    assert.equal(first.sums.get('"public"."people"')?.rows, 500);

    await source.query("update people set name = null where id = 7; drop table days_1");
    await source.query("select nextval('pets_id_seq')");
    const last = await copy.finish();
    assert.deepEqual(last.copied, ['"public"."people"']);
    assert.equal(last.sums.has('"public"."days_1"'), false);
    const next = "select nextval('pets_id_seq') as n";
    const [one, other] = await Promise.all([source.query(next), target.query(next)]);
    assert.deepEqual(one.rows, other.rows);
    assert.deepEqual((await copy.pass()).copied, []);
  });
});

test("what does not arrive as it was is named, and the tables stay as they were", async () => {
  const { here, there } = await pair("unequal");
  await both(here.owner, there.owner, async (source, target) => {
    await source.query("insert into people (name) values ('a'), ('b')");
    const copy = await DatabaseCopy.begin(source, target, there.owner.user);
    await target.query(`
      create function spoil() returns trigger language plpgsql as $$ begin new.name := new.name || '!'; return new; end $$;
      create trigger spoil before insert on people for each row execute function spoil();
      alter table people enable always trigger spoil`);
    await assert.rejects(copy.finish(), ({ message }: Error) =>
      /"people": 2 rows here with the checksum -?\d+, 2 there/.test(message),
    );
    await target.query("drop trigger spoil on people; alter table pets add column more int");
    await assert.rejects(copy.finish(), /only there: table "public"."pets"/);
  });
});

test("sums tell one changed row, one missing row and a row that is there twice", async () => {
  const { here, there } = await pair("sums");
  await both(here.owner, there.owner, async (source, target) => {
    const tables = [{ name: "public.days_1" }];
    const day = "insert into days select '2026-01-01', n from unnest($1::int[]) n";
    const fill = async (client: Client, rows: number[]) => {
      await client.query("delete from days");
      await client.query(day, [rows]);
      return tableSums(client, tables);
    };
    const one = await fill(source, [1, 2, 3]);
    assert.deepEqual(unequalTables(one, await fill(target, [3, 1, 2])), []);
    for (const other of [
      [1, 2, 4],
      [1, 2],
      [1, 2, 3, 3],
      [1, 1, 3],
    ])
      assert.deepEqual(unequalTables(one, await fill(target, other)), ["public.days_1"]);
    assert.deepEqual(unequalTables(one, new Map()), ["public.days_1"]);
    const contents = await readContents(source);
    assert.deepEqual(contentDifferences(contents, await readContents(target)), []);
  });
});

test("who waits for held writes is refused when his right is taken, and can read all the while", async () => {
  const { here } = await pair("held");
  const names = serviceNames("held-here");
  await withConnection(here.owner, "test", (holder) =>
    withConnection(here.owner, "test", (closing) =>
      withConnection(here.app, "test", async (writer) => {
        const rights = await writeRights(closing, names);
        await pauseWrites(holder, 1_000);
        assert.equal((await writer.query("select from people")).rowCount, 0);
        const written = writer.query("insert into people (name) values ('late')");
        const refused = assert.rejects(written, { code: "42501" });
        for (;;) {
          const waits = "select from pg_locks where not granted";
          if (((await closing.query(waits)).rowCount ?? 0) > 0) break;
        }
        await revokeWrites(closing, names);
        await holder.query("rollback");
        await refused;
        await closing.query(rights.join(";"));
        await writer.query("insert into people (name) values ('again')");
        // Of a partition the right is asked of the table that was named.
        await writer.query("insert into days values ('2026-01-01', 1)");
      }),
    ),
  );
});
