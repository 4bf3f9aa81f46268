import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import { type ConnectionConfig, withConnection } from "./connection.ts";
import { makeSpareDatabases } from "./embedded/make-spare-databases.ts";
import { startTemporaryServer, type TemporaryServer } from "./embedded/temporary-server.ts";
import { provisionServices } from "./provision.ts";
import { findSpares, spareMark } from "./spare-databases.ts";
import type { DatabaseServer } from "./server.ts";
import { applySystemSchema, type SystemMigration } from "./system-schema.ts";

const systemSchema: readonly SystemMigration[] = [
  { name: "test-0001", sql: "create table kerf.thing (n int); create sequence kerf.thing_id" },
];
let temporary: TemporaryServer;
let server: DatabaseServer;

before(async () => {
  temporary = await startTemporaryServer();
  server = temporary.server.database;
  await makeSpareDatabases(server, 5, systemSchema);
});

after(async () => temporary.stop());

const request = (service: string) => ({
  service,
  passwords: { owner: `${service}-o`, app: `${service}-a` },
});

function asAdmin<T>(work: (client: Client) => Promise<T>): Promise<T> {
  return withConnection(server.admin(), "test", work);
}

function spares(schema = systemSchema): Promise<string[]> {
  return asAdmin(async (admin) =>
    (await findSpares(admin, spareMark(schema))).map(({ database }) => database),
  );
}

/** The object id of a database: a rename keeps it. */
async function idOf(database: string): Promise<number | undefined> {
  const { rows } = await asAdmin((admin) =>
    admin.query<{ oid: number }>("select oid::int from pg_database where datname = $1", [database]),
  );
  return rows[0]?.oid;
}

async function provision(...services: string[]) {
  return provisionServices(server, services.map(request), { systemSchema });
}

/** All that PostgreSQL knows of who may do what in the database, with the service's name taken out. */
async function rightsIn(connection: ConnectionConfig, service: string): Promise<unknown> {
  const admin = server.admin(connection.database);
  const { rows } = await withConnection(admin, "test", (client) =>
    client.query(`select json_build_object(
      'database', (select json_build_array(pg_get_userbyid(datdba), datacl, datconnlimit, datistemplate, encoding, datlocale,
          shobj_description(oid, 'pg_database')) from pg_database where datname = current_database()),
      'roles', (select json_agg(json_build_array(rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin,
          rolreplication, rolbypassrls, rolconnlimit, rolconfig) order by rolname) from pg_roles where rolname like '${service}\\_%'),
      'members', (select count(*) from pg_auth_members where pg_get_userbyid(roleid) like '${service}\\_%'
          or pg_get_userbyid(member) like '${service}\\_%'),
      'schemas', (select json_agg(json_build_array(nspname, pg_get_userbyid(nspowner), nspacl) order by nspname)
          from pg_namespace where nspname in ('public', 'kerf')),
      'defaults', (select json_agg(json_build_array(pg_get_userbyid(defaclrole), defaclobjtype, defaclacl) order by defaclobjtype)
          from pg_default_acl),
      'objects', (select json_agg(json_build_array(relname, pg_get_userbyid(relowner), relacl) order by relname)
          from pg_class join pg_namespace n on n.oid = relnamespace where nspname = 'kerf')) as rights`),
  );
  return JSON.parse(JSON.stringify(rows[0].rights).replaceAll(service, "SERVICE"));
}

test("a service gets a spare by a rename, with the rights of a database that was made for it", async () => {
  const first = await idOf("kerf-spare-1");
  const [given] = await provision("given");
  const [made] = await provisionServices(server, [request("made")]);
  assert.ok(given && made);
  assert.equal(given.created, true);
  assert.equal(await idOf("given"), first);
  assert.equal((await spares()).length, 4);
  await applySystemSchema(made.owner, systemSchema);
  assert.deepEqual(await applySystemSchema(given.owner, systemSchema), []);
  assert.deepEqual(await rightsIn(given.app, "given"), await rightsIn(made.app, "made"));
  await withConnection(given.app, "test", async (client) => {
    await client.query("insert into kerf.thing values (1)");
    await assert.rejects(client.query("create table t ()"), { code: "42501" });
  });
  const [again] = await provision("given");
  assert.equal(again?.created, false);
});

test("nobody can log in with the roles of a spare", async () => {
  for (const user of ["kerf-spare-3_owner", "kerf-spare-3_app"]) {
    const connection = server.connection("kerf-spare-3", user, "guessed");
    await assert.rejects(
      withConnection(connection, "test", async () => undefined),
      {
        code: "forbidden",
      },
    );
  }
});

test("spares of another version are left alone, and so are those that somebody looks into", async () => {
  const newer = [...systemSchema, { name: "test-0002", sql: "select 1" }];
  assert.deepEqual(await spares(newer), []);
  const before = await spares();
  await provisionServices(server, [request("newer")], { systemSchema: newer });
  assert.deepEqual(await spares(), before);
  const [next] = before as [string];
  await withConnection(server.admin(next), "test", async () => {
    assert.deepEqual(await spares(), before.slice(1));
  });
});

test("a service whose roles are there already gets a database of its own making", async () => {
  await asAdmin((admin) => admin.query("create role old_app"));
  const before = await spares();
  const [old] = await provision("old");
  assert.deepEqual(await spares(), before);
  await withConnection(old?.app as ConnectionConfig, "test", (client) => client.query("select 1"));
});

test("ended in the middle, a spare is whole, and the next attempt takes it", async () => {
  const before = await spares();
  const oid = await idOf(before[0] as string);
  await asAdmin(async (blocker) => {
    // What is written last.
    await blocker.query("begin; lock table pg_shdescription in share mode");
    const attempt = assert.rejects(provision("killed"));
    let ended = 0;
    while (ended === 0) {
      const { rowCount } = await asAdmin((admin) =>
        admin.query(`select pg_terminate_backend(pid) from pg_stat_activity
          where application_name = 'kerf/provision' and wait_event_type = 'Lock'`),
      );
      ended = rowCount ?? 0;
      await wait(5);
    }
    await attempt;
    await blocker.query("rollback");
  });
  assert.deepEqual(await spares(), before);
  await provision("killed");
  assert.equal(await idOf("killed"), oid);
});

test("more services than spares: the others are made", async () => {
  const left = await spares();
  const services = Array.from({ length: left.length + 2 }, (_, n) => `more-${n}`);
  const provisioned = await provision(...services);
  assert.deepEqual(await spares(), []);
  await Promise.all(
    provisioned.map(({ app }) => withConnection(app, "test", (client) => client.query("select 1"))),
  );
});
