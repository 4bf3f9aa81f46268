import type { Client } from "pg";
import { KerfError } from "@kerf/kernel";
import { withAdvisoryLock } from "./advisory-lock.ts";
import { type ConnectionConfig, withConnection } from "./connection.ts";
import { verifierMatches, scramVerifier } from "./scram.ts";
import type { DatabaseServer } from "./server.ts";
import {
  quoteIdentifier as id,
  quoteLiteral,
  type ServiceNames,
  serviceNames,
} from "./service-names.ts";
import { databaseGrants, idleInTransactionSeconds, layoutStatement } from "./service-layout.ts";
import { findSpares, renameStatements, type SpareDatabase, spareMark } from "./spare-databases.ts";
import type { SystemMigration } from "./system-schema.ts";

/**
 * Passwords of a service's roles. The app role can be logged in to in two ways, each with a password of its own, so that one password can be exchanged for
 * another without a moment in which neither holds. Null: nobody logs in that way any more.
 */
export interface RolePasswords {
  readonly owner: string;
  readonly app: string | null;
  /** Of the second way; absent where it was never used. */
  readonly second?: string | null | undefined;
  /** Which way new connections take; default `app`. */
  readonly login?: "app" | "second" | undefined;
}

/** What a service's database is provisioned with. */
export interface ServiceDatabaseRequest {
  /** The service's name; hyphens become underscores in SQL. */
  readonly service: string;
  /** Passwords of the roles, generated and kept by the caller. */
  readonly passwords: RolePasswords;
  /** How many connections each role may have at once; default 4 and 16 (four instances of the default budget). */
  readonly connections?: { readonly owner?: number; readonly app?: number };
  /** Name of the database, when it is not to be the service's. */
  readonly database?: string;
}

/** A provisioned database: how its two roles connect. */
export interface ProvisionedService {
  readonly service: string;
  readonly owner: ConnectionConfig;
  readonly app: ConnectionConfig;
  /** True when the database was made now. */
  readonly created: boolean;
}

/** PostgreSQL 17 brought transaction_timeout. */
const oldestVersion = 170_000;

/** How services are provisioned. */
export interface ProvisionOptions {
  /** The platform's own tables: spare databases of the server that have them are used. None are without. */
  readonly systemSchema?: readonly SystemMigration[];
}

/** Provisions one service; see {@link provisionServices}. */
export async function provisionService(
  server: DatabaseServer,
  request: ServiceDatabaseRequest,
  options: ProvisionOptions = {},
): Promise<ProvisionedService> {
  const [provisioned] = await provisionServices(server, [request], options);
  return provisioned as ProvisionedService;
}

/**
 * Gives each service its database and its two roles: the owner, which migrates, and the app role, which works in it without
 * DDL. Nobody else can connect. Idempotent; when all is there it only looks.
 */
export async function provisionServices(
  server: DatabaseServer,
  requests: readonly ServiceDatabaseRequest[],
  options: ProvisionOptions = {},
): Promise<ProvisionedService[]> {
  const wanted = requests.map((request) => new Wanted(request));
  return withConnection(server.admin(), "kerf/provision", async (admin) => {
    const first = await look(admin, wanted);
    assertVersion(first.version, server);
    if (first.complete(wanted)) return wanted.map((want) => want.result(server, false));
    return withAdvisoryLock(admin, "kerf provision", async () => {
      // What fails from here on must not leave a verifier in the server's log; without the right, the log is the operator's.
      if (first.superuser) await admin.query("set log_min_error_statement = panic");
      const found = await look(admin, wanted);
      await closeCommonDatabases(admin, found);
      const unfinished = wanted.filter((want) => !found.hasLayout(want));
      const missing = unfinished.filter((want) => !found.hasDatabase(want));
      const spares = await sparesFor(admin, missing, found, options);
      await admin.query(roleStatements(wanted, unfinished, found, spares));
      for (const want of missing) if (!spares.has(want)) await createDatabase(admin, want);
      const rest = unfinished.filter((want) => !spares.has(want));
      await Promise.all(rest.map((want) => grantInside(server, want)));
      return wanted.map((want) => want.result(server, missing.includes(want)));
    });
  });
}

/** A role as it should be. */
interface WantedRole {
  readonly name: string;
  /** Null for none, which lets nobody in. */
  readonly password: string | null;
  readonly limit: number;
  /** The role whose rights it works with. */
  readonly as?: string;
}

/** One service as it should be. */
class Wanted {
  readonly names: ServiceNames;
  readonly passwords: RolePasswords;
  readonly limits: { readonly owner: number; readonly app: number };

  constructor(request: ServiceDatabaseRequest) {
    const names = serviceNames(request.service);
    this.names = { ...names, database: request.database ?? names.database };
    this.passwords = request.passwords;
    this.limits = { owner: request.connections?.owner ?? 4, app: request.connections?.app ?? 16 };
  }

  /** Kept as the database's comment, written last: whoever finds it knows that all the rest is there. */
  get layout(): string {
    return `kerf service ${this.names.service}: layout 1, connections ${this.limits.owner}+${this.limits.app}`;
  }

  get roles(): WantedRole[] {
    const { names, passwords, limits } = this;
    return [
      { name: names.owner, password: passwords.owner, limit: limits.owner },
      { name: names.app, password: passwords.app, limit: limits.app },
      ...(passwords.second === undefined
        ? []
        : [{ name: names.second, password: passwords.second, limit: limits.app, as: names.app }]),
    ];
  }

  result(server: DatabaseServer, created: boolean): ProvisionedService {
    const { service, database, owner, app, second } = this.names;
    const { passwords } = this;
    const login = passwords.login === "second" ? second : app;
    const password = passwords.login === "second" ? passwords.second : passwords.app;
    return {
      service,
      owner: server.connection(database, owner, this.passwords.owner),
      app: server.connection(database, login, password ?? ""),
      created,
    };
  }
}

/** What is there. */
class Found {
  readonly version: number;
  readonly superuser: boolean;
  readonly #layouts: ReadonlyMap<string, string | null>;
  readonly #roles: ReadonlyMap<string, string | null | undefined>;
  readonly openCommonDatabases: readonly string[];

  constructor(row: StateRow, verifiers: ReadonlyMap<string, string | null>) {
    this.version = row.version;
    this.superuser = row.superuser;
    this.#layouts = new Map(
      (row.databases ?? []).map((database) => [database.name, database.layout]),
    );
    this.#roles = new Map((row.roles ?? []).map((name) => [name, verifiers.get(name)]));
    this.openCommonDatabases = row.open ?? [];
  }

  hasDatabase(want: Wanted): boolean {
    return this.#layouts.has(want.names.database);
  }

  hasLayout(want: Wanted): boolean {
    return this.#layouts.get(want.names.database) === want.layout;
  }

  hasRole(name: string): boolean {
    return this.#roles.has(name);
  }

  /** False too where verifiers cannot be read (a managed server): then the password is simply set again. */
  hasPassword(name: string, password: string | null): boolean {
    const verifier = this.#roles.get(name);
    if (password === null) return verifier === null;
    return typeof verifier === "string" && verifierMatches(verifier, password);
  }

  complete(wanted: readonly Wanted[]): boolean {
    return wanted.every(
      (want) =>
        this.hasLayout(want) &&
        want.roles.every((role) => this.hasPassword(role.name, role.password)),
    );
  }
}

interface StateRow {
  version: number;
  superuser: boolean;
  databases: { name: string; layout: string | null }[] | null;
  roles: string[] | null;
  open: string[] | null;
}

async function look(admin: Client, wanted: readonly Wanted[]): Promise<Found> {
  const roles = wanted.flatMap((want) => want.roles.map((role) => role.name));
  const { rows } = await admin.query<StateRow>(
    `select current_setting('server_version_num')::int as version,
       (select rolsuper from pg_roles where rolname = current_user) as superuser,
       (select json_agg(json_build_object('name', datname, 'layout', shobj_description(oid, 'pg_database')))
          from pg_database where datname = any($1)) as databases,
       (select json_agg(rolname) from pg_roles where rolname = any($2)) as roles,
       (select json_agg(datname) from pg_database where datname in ('postgres', 'template1')
          and has_database_privilege('public', oid, 'connect')) as open`,
    [wanted.map((want) => want.names.database), roles],
  );
  const row = rows[0] as StateRow;
  return new Found(row, row.superuser ? await readVerifiers(admin, roles) : new Map());
}

async function readVerifiers(admin: Client, roles: string[]): Promise<Map<string, string | null>> {
  const { rows } = await admin.query<{ rolname: string; rolpassword: string | null }>(
    "select rolname, rolpassword from pg_authid where rolname = any($1)",
    [roles],
  );
  return new Map(rows.map((row) => [row.rolname, row.rolpassword]));
}

function assertVersion(version: number, server: DatabaseServer): void {
  if (version >= oldestVersion) return;
  throw new KerfError("invalid_configuration", {
    message: `The PostgreSQL server ${server.toString()} is too old: ${Math.floor(version / 10_000)}.`,
    why: "Transactions are bounded with transaction_timeout, which came with PostgreSQL 17.",
    fix: "Use PostgreSQL 17 or later.",
  });
}

/** A service's role has nothing to look for in the databases that every server has. Without the right to, they stay open. */
async function closeCommonDatabases(admin: Client, found: Found): Promise<void> {
  if (!found.superuser) return;
  for (const database of found.openCommonDatabases) {
    await admin.query(`revoke all on database ${id(database)} from public`);
  }
}

/** Which spare database becomes whose; none for a service whose roles are there, since those of the spare cannot take their names. */
async function sparesFor(
  admin: Client,
  missing: readonly Wanted[],
  found: Found,
  { systemSchema }: ProvisionOptions,
): Promise<ReadonlyMap<Wanted, SpareDatabase>> {
  const fit = missing.filter(
    (want) => !want.roles.some(({ as, name }) => as === undefined && found.hasRole(name)),
  );
  // Only embedded servers have spares, and there we are superuser.
  if (systemSchema === undefined || !found.superuser || fit.length === 0) return new Map();
  const spares = await findSpares(admin, spareMark(systemSchema));
  return new Map(spares.slice(0, fit.length).map((spare, n) => [fit[n] as Wanted, spare]));
}

/**
 * The roles of all services in one transaction, and with them the spare databases that become theirs: whenever this ends early,
 * a spare is either whole or all the service's.
 */
function roleStatements(
  wanted: readonly Wanted[],
  unfinished: readonly Wanted[],
  found: Found,
  spares: ReadonlyMap<Wanted, SpareDatabase>,
): string {
  const statements = wanted.flatMap((want) => {
    const spare = spares.get(want);
    const roles = want.roles.map((role) => roleStatement(role, found, spare !== undefined));
    if (spare === undefined) return roles;
    const layout = layoutStatement(want.names.database, want.layout);
    return [...renameStatements(spare, want.names), ...roles, layout];
  });
  for (const { names } of unfinished.filter((want) => !spares.has(want))) {
    statements.push(idleBound(names.app));
    // Whoever is not superuser makes a database for another role only as its member.
    if (!found.superuser) statements.push(`grant ${id(names.owner)} to current_user`);
  }
  return statements.join(";\n");
}

function roleStatement({ as, limit, name, password }: WantedRole, found: Found, renamed: boolean) {
  const verifier = password === null ? "null" : quoteLiteral(scramVerifier(password));
  const change = found.hasPassword(name, password) ? "" : ` password ${verifier}`;
  // A spare has no second way in.
  const verb = (renamed && as === undefined) || found.hasRole(name) ? "alter" : "create";
  const role = `${verb} role ${id(name)} login connection limit ${limit}${change}`;
  if (as === undefined) return role;
  // It works as the other role from its first statement on; what is set for that one is not set for it.
  const works = [`grant ${id(as)} to ${id(name)}`, workingAs(name, as), idleBound(name)];
  return [role, ...works].join(";\n");
}

function workingAs(name: string, as: string): string {
  return `alter role ${id(name)} set role = ${quoteLiteral(as)}`;
}

function idleBound(role: string): string {
  return `alter role ${id(role)} set idle_in_transaction_session_timeout = '${idleInTransactionSeconds}s'`;
}

/** Copying through the log is several times quicker than copying files, which costs two checkpoints. */
async function createDatabase(admin: Client, { names }: Wanted): Promise<void> {
  await admin.query(
    `create database ${id(names.database)} owner ${id(names.owner)} template template0 strategy wal_log`,
  );
}

async function grantInside(server: DatabaseServer, want: Wanted): Promise<void> {
  const { owner } = want.result(server, false);
  const statements = [
    databaseGrants(want.names),
    layoutStatement(want.names.database, want.layout),
  ];
  // One query without values: one transaction.
  await withConnection(owner, "kerf/provision", (client) => client.query(statements.join(";\n")));
}
