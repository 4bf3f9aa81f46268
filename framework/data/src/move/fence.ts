import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "pg";
import { KerfError } from "@kerf/kernel";
import { quoteIdentifier as id, quoteLiteral, type ServiceNames } from "../service-names.ts";

/** How long connections may take to end that were told to, milliseconds. */
const endBoundMs = 5_000;

const writes = ["INSERT", "UPDATE", "DELETE", "TRUNCATE"];

/** The rights of the app role to write, as the statements that would give them again. Run by the owner. */
export async function writeRights(
  client: Client,
  { app }: Pick<ServiceNames, "app">,
): Promise<string[]> {
  const { rows } = await client.query<{ statement: string }>(
    `select format('grant %s on %s to %I', string_agg(a.privilege_type, ', '), c.oid::regclass, $1::text) as statement
       from pg_class c, aclexplode(c.relacl) a
       where c.relkind in ('r', 'p') and a.grantee = $1::regrole and a.privilege_type = any($2)
       group by c.oid
     union all
     select format('grant %s (%I) on %s to %I', a.privilege_type, t.attname, c.oid::regclass, $1::text)
       from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
       where c.relkind in ('r', 'p') and a.grantee = $1::regrole and a.privilege_type = any($2)`,
    [app, writes],
  );
  return rows.map(({ statement }) => statement);
}

/** Takes the app role the right to write, in one transaction: a statement that waits for a lock is refused when it goes on. Run by the owner. */
export async function revokeWrites(
  client: Client,
  { app }: Pick<ServiceNames, "app">,
): Promise<void> {
  await client.query(`do $$ declare relation regclass; begin
    for relation in select distinct c.oid::regclass from pg_class c, aclexplode(c.relacl) a
      where c.relkind in ('r', 'p') and a.grantee = ${quoteLiteral(app)}::regrole
      union select distinct c.oid::regclass from pg_class c join pg_attribute t on t.attrelid = c.oid, aclexplode(t.attacl) a
      where c.relkind in ('r', 'p') and a.grantee = ${quoteLiteral(app)}::regrole
    loop execute format('revoke ${writes.join(", ")} on %s from %I', relation, ${quoteLiteral(app)}); end loop;
  end $$`);
}

/** Lets nobody in any more as the service, and ends who is. Run by an administrator. */
export async function closeToService(admin: Client, names: ServiceNames): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    "select rolname as name from pg_roles where rolname = any($1)",
    [[names.app, names.second]],
  );
  for (const { name } of rows) await admin.query(`alter role ${id(name)} nologin`);
  await endConnections(admin, names.database, [names.app, names.second]);
}

/** Lets a role log in again. Run by an administrator. */
export async function openToService(admin: Client, role: string): Promise<void> {
  await admin.query(`alter role ${id(role)} login`);
}

/** Gives a database that was left another name, under which nobody looks for it. Run by an administrator, when nothing of ours is connected to it. */
export async function setAside(admin: Client, names: ServiceNames, as: string): Promise<void> {
  const { rows } = await admin.query("select from pg_database where datname = $1", [as]);
  if (rows.length > 0) return;
  await closeToService(admin, names);
  await endConnections(admin, names.database, undefined);
  await admin.query(`alter database ${id(names.database)} rename to ${id(as)}`);
}

/** Drops a database, and with `roles` also the service's roles, which then own nothing more on that server. Run by an administrator. */
export async function dropDatabase(
  admin: Client,
  database: string,
  roles: ServiceNames | undefined,
): Promise<void> {
  await admin.query(`drop database if exists ${id(database)} with (force)`);
  if (roles === undefined) return;
  for (const role of [roles.second, roles.app, roles.owner])
    await admin.query(`drop role if exists ${id(role)}`);
}

async function endConnections(
  admin: Client,
  database: string,
  users: readonly string[] | undefined,
): Promise<void> {
  const until = performance.now() + endBoundMs;
  for (;;) {
    const { rows } = await admin.query<{ pid: number }>(
      `select pid, pg_terminate_backend(pid) from pg_stat_activity
        where datname = $1 and pid <> pg_backend_pid() and ($2::text[] is null or usename = any($2))`,
      [database, users],
    );
    if (rows.length === 0) return;
    if (performance.now() > until) {
      throw new KerfError("conflict", {
        message: `Connections to the database ${database} do not end: ${rows.map(({ pid }) => pid).join(", ")}.`,
        why: "They were told to, and PostgreSQL has not ended them.",
        fix: "Look at them in pg_stat_activity of that server.",
      });
    }
    await wait(10);
  }
}
