import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DatabaseBoot } from "@kerf/call";
import {
  type ConnectionConfig,
  type DatabaseServer,
  type HistoryOptions,
  migrate,
  type MigrationTrialResult,
  type ProvisionedService,
  provisionServices,
  serviceNames,
  tryMigrations,
  withConnection,
} from "@kerf/data";
import { type Build, buildFiles } from "@kerf/service/builds";
import { type Clock, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import { type AppManifest, type ManifestService, systemSchema } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../state/home.ts";
import { Passwords } from "./passwords.ts";
import { passes, patiently } from "./patiently.ts";
import { connectionsOfCopy, connectionsOfRole } from "./connection-budget.ts";
import { type PostgresContainers, PostgresServer } from "./postgres-server.ts";
import { refusedLogin } from "./refused-login.ts";
import type { Locations, ServerPlace } from "./moves/locations.ts";

/** How long a server that the app no longer names may take to shut down, in milliseconds. */
const stopBoundMs = 8_000;
/** How long a database that could not be reached, while its server runs, is left alone, milliseconds. */
const againMs = 5_000;

/** Where the database of one service stands. */
interface ServiceState {
  declared: ManifestService;
  server: string;
  provisioned?: ProvisionedService;
  /** The newest migration that is applied. */
  migration?: string;
  /** Why its database is not as its code needs it. */
  problem?: KerfError;
  /** Resolves when the first attempt to prepare it has come to its end, well or not. */
  attempted: PromiseWithResolvers<void>;
}

/** What databases tell of themselves. */
export interface DatabasesOptions {
  readonly home: Home;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where databases are that were moved. */
  readonly locations: Locations;
  /** Where servers that we run are containers. */
  readonly containers?: PostgresContainers | undefined;
  /** What else has a database beside the services of the app. */
  beside(): readonly ManifestService[];
  /** Whether code that is older than its tables may run. */
  readonly ahead: "allowed" | "refused";
  /** A server entered another state. */
  moved(server: PostgresServer): void;
  /** The database of a service became as its code needs it, or stopped being so. */
  changed(service: string): void;
  problem(error: KerfError, source: string): void;
}

/** Every service's database: its server runs, its roles are there, its migrations are applied. */
export class Databases {
  readonly #options: DatabasesOptions;
  readonly #passwords: Passwords;
  readonly #servers = new Map<string, PostgresServer>();
  readonly #reachable = new Map<string, DatabaseServer>();
  readonly #services = new Map<string, ServiceState>();
  readonly #preparing = new Map<string, Promise<void>>();
  /** Services whose passwords are being exchanged. */
  readonly #rotating = new Set<string>();
  /** Services whose new copies wait until it is known where their database is. */
  readonly #held = new Map<string, Promise<void>>();
  /** Servers that a move needs. */
  readonly #opened = new Set<string>();
  /** When servers are asked again on which a database could not be reached. */
  readonly #again = new Map<string, Timer>();
  readonly #stopping = new AbortController();

  constructor(options: DatabasesOptions) {
    this.#options = options;
    this.#passwords = new Passwords(options.home);
  }

  get servers(): readonly PostgresServer[] {
    return [...this.#servers.values()];
  }

  /** The logs of the servers that we run. */
  get logs(): string[] {
    return this.servers
      .filter((server) => server.embedded)
      .map((server) => this.#options.home.postgresLog(server.name));
  }

  /** Starts servers that will most likely be needed, before it is known what the app is. */
  startEarly(names: readonly string[]): void {
    // They report what fails themselves.
    for (const name of names) void this.#server(name, undefined).start();
  }

  /**
   * Makes every database as the manifest needs it. Resolves when each has been attempted; what failed is reported and shows in
   * {@link problemOf}, and holds nothing else up.
   */
  async prepare(manifest: AppManifest): Promise<void> {
    // Before anything is waited for: from here on whoever asks for one of these waits until it has been attempted.
    const services = [...manifest.services, ...this.#options.beside()].filter(
      (service) => service.database !== undefined,
    );
    for (const [name, state] of this.#services) {
      if (services.some((service) => service.name === name)) continue;
      this.#services.delete(name);
      state.attempted.resolve();
    }
    for (const declared of services) {
      const { server } = this.#placeOf(declared);
      const known = this.#services.get(declared.name);
      if (known?.server === server) known.declared = declared;
      else
        this.#services.set(declared.name, { declared, server, attempted: Promise.withResolvers() });
    }
    const wanted = new Set([...this.#services.values()].map((state) => state.server));
    for (const name of this.#opened) wanted.add(name);
    const urlFiles = new Map(
      services.map((declared) => {
        const { server, urlFile = manifest.servers[server]?.urlFile } = this.#placeOf(declared);
        return [server, urlFile];
      }),
    );
    for (const [name, server] of this.#servers) {
      if (wanted.has(name)) continue;
      this.#servers.delete(name);
      this.#reachable.delete(name);
      // Nothing waits for its end.
      void server.stop(stopBoundMs);
    }
    for (const name of wanted) {
      const reachable = this.#reachable.get(name);
      const urlFile = urlFiles.get(name);
      if (
        !this.#servers.has(name) ||
        (urlFile !== undefined && this.#servers.get(name)?.embedded === true)
      ) {
        // It reports what fails itself.
        void this.#server(name, urlFile).start();
      } else if (reachable !== undefined) {
        this.#prepareOn(name, reachable, isUnmade).catch((thrown: unknown) =>
          this.#options.problem(toKerfError(thrown), `postgres:${name}`),
        );
      }
    }
    await Promise.all([...this.#services.values()].map((state) => state.attempted.promise));
  }

  /** Resolves when the database of a service has been attempted; at once when it has none. */
  async attempted(service: string): Promise<void> {
    await this.#services.get(service)?.attempted.promise;
    await this.#held.get(service);
  }

  /** Why a service cannot work with its database. */
  problemOf(service: string): KerfError | undefined {
    return this.#services.get(service)?.problem;
  }

  /** The newest migration that is applied. */
  migrationOf(service: string): string | undefined {
    return this.#services.get(service)?.migration;
  }

  /** Services whose migrations lie in this directory. */
  migratedFrom(directory: string): string[] {
    return [...this.#services.values()]
      .filter((state) => state.declared.database?.migrations === directory)
      .map((state) => state.declared.name);
  }

  get migrationDirectories(): string[] {
    return [...this.#services.values()].map(
      (state) => state.declared.database?.migrations as string,
    );
  }

  /** The services whose databases lie on a server. */
  on(server: string): string[] {
    return [...this.#services.values()]
      .filter((state) => state.server === server)
      .map((state) => state.declared.name);
  }

  /** Applies new migrations of one service; throws what {@link problemOf} then says. */
  async migrate(service: string): Promise<readonly string[]> {
    const state = this.#services.get(service);
    if (state?.provisioned === undefined) return [];
    try {
      const applied = await this.#migrated(state);
      await this.#settle(state, undefined);
      return applied;
    } catch (thrown) {
      await this.#settle(state, toKerfError(thrown));
      throw thrown;
    }
  }

  /**
   * Brings the databases of some services, in this order, to where new code of theirs needs them, while the old code serves; those of new services are made. Throws
   * what is wrong with the first that cannot be; the services that run are not affected.
   */
  async migrateAhead(
    manifest: AppManifest,
    names: readonly string[],
    applied: (service: string, migrations: readonly string[]) => void,
  ): Promise<void> {
    const isNew = (name: string): boolean => this.#services.get(name)?.provisioned === undefined;
    const made = names.filter(isNew);
    for (const name of names) {
      const state = this.#services.get(name);
      const database = manifest.services.find((service) => service.name === name)?.database;
      if (state?.provisioned === undefined || database === undefined) continue;
      const { owner } = state.provisioned;
      const done = await migrate(owner, database.migrations, systemSchema, this.#history);
      applied(name, done.applied);
      state.declared = { ...state.declared, database };
      await this.#settle(state, undefined);
    }
    if (made.length > 0) await this.prepare(manifest);
    const problem = made.map((name) => this.problemOf(name)).find((one) => one !== undefined);
    if (problem !== undefined) throw problem;
  }

  /** Whether a service has a database already. */
  isProvisioned(service: string): boolean {
    return this.#services.get(service)?.provisioned !== undefined;
  }

  /** What the migrations of a build would change, tried on an empty database; nothing for a service that has none yet. Throws `migration_failed`. */
  async tryMigrations(service: string, { directory }: Build): Promise<MigrationTrialResult> {
    const state = this.#services.get(service);
    const server = this.#reachable.get(state?.server ?? "");
    if (state?.provisioned === undefined || server === undefined)
      return { applied: [], changes: [] };
    return tryMigrations(server, {
      service,
      owner: state.provisioned.owner,
      directory: join(directory, buildFiles.migrations),
      systemSchema,
    });
  }

  /**
   * Exchanges the passwords of a service's roles. First the new ones hold beside the old ones; `exchange` makes every instance use them; then the old ones
   * are refused, which is tried. What ends early leaves both holding, and the next attempt goes on. Answers how each old one was refused, by its role.
   */
  async rotatePasswords(
    service: string,
    exchange: () => Promise<unknown>,
  ): Promise<Record<string, string>> {
    const appRole = this.connection(service, "app");
    if (this.#rotating.has(service)) {
      throw new KerfError("conflict", {
        message: `The passwords of ${service} are being exchanged already.`,
        fix: "Wait for its end: kerf audit says when.",
      });
    }
    if (this.#options.locations.unfinished?.service === service) {
      throw new KerfError("conflict", {
        message: `The database of ${service} is being moved.`,
        fix: "Wait for its end: kerf audit says when.",
      });
    }
    this.#rotating.add(service);
    try {
      const { app, owner, login } = this.#passwords.current(service);
      const old = [
        { ...appRole, user: serviceNames(service)[login], password: app },
        { ...this.connection(service, "owner"), password: owner },
      ];
      await this.#passwords.begin(service);
      await this.#provisionAgain(service);
      await exchange();
      await this.#passwords.finish(service);
      await this.#provisionAgain(service);
      const now = [this.connection(service, "app"), this.connection(service, "owner")];
      await Promise.all(
        now.map((connection) => withConnection(connection, "kerf/rotate", () => Promise.resolve())),
      );
      const refused = old.map(
        async (connection) => [connection.user, await refusedLogin(connection)] as const,
      );
      return Object.fromEntries(await Promise.all(refused));
    } finally {
      this.#rotating.delete(service);
    }
  }

  /** Where the database of a service is. Throws as {@link connection} does, or `conflict` while its passwords are being exchanged. */
  movable(service: string): { readonly place: ServerPlace; readonly server: DatabaseServer } {
    this.connection(service, "owner");
    const { declared, server: name } = this.#services.get(service) as ServiceState;
    const server = this.#reachable.get(name);
    if (server === undefined || this.#rotating.has(service)) {
      throw new KerfError(server === undefined ? "not_ready" : "conflict", {
        message:
          server === undefined
            ? `The database server of ${service} does not run.`
            : `The passwords of ${service} are being exchanged.`,
        fix: "Try it again in a moment: kerf status",
      });
    }
    return { place: this.#placeOf(declared, this.#servers.get(name)?.urlFile), server };
  }

  /** Starts a server, or reaches it, and keeps it until {@link close}. Throws why it cannot be had. */
  async open({ server: name, urlFile }: ServerPlace): Promise<DatabaseServer> {
    const known = this.#reachable.get(name);
    if (known === undefined) {
      const server = this.#server(name, urlFile);
      this.#opened.add(name);
      await server.start();
      if (!this.#reachable.has(name)) {
        await this.close(name);
        throw KerfError.fromShape(
          server.lastError ?? {
            ...new KerfError("not_ready", `The server ${name} does not answer.`).toShape(),
          },
        );
      }
    }
    this.#opened.add(name);
    return this.#reachable.get(name) as DatabaseServer;
  }

  /** Lets a server go that {@link open} has started, unless a service lives there. */
  async close(name: string): Promise<void> {
    this.#opened.delete(name);
    if ([...this.#services.values()].some((state) => state.server === name)) return;
    const server = this.#servers.get(name);
    this.#servers.delete(name);
    this.#reachable.delete(name);
    await server?.stop(stopBoundMs);
  }

  /** Makes the database of a service on another server, with its roles and empty tables. */
  async makeOn(server: DatabaseServer, service: string): Promise<ProvisionedService> {
    const { declared } = this.#services.get(service) as ServiceState;
    const [made] = (await this.#roles(server, [{ declared }])) as [ProvisionedService];
    const directory = declared.database?.migrations as string;
    await migrate(made.owner, directory, systemSchema, this.#history);
    return made;
  }

  /** How its owner reaches the database of a service on a server. */
  ownerOn(server: DatabaseServer, service: string): ConnectionConfig {
    const { database, owner } = serviceNames(service);
    return server.connection(database, owner, this.#passwords.current(service).owner);
  }

  /** New copies with a service wait before they are told where its database is. Answers what ends that. */
  hold(service: string): () => void {
    const held = Promise.withResolvers<void>();
    this.#held.set(service, held.promise);
    return () => {
      this.#held.delete(service);
      held.resolve();
    };
  }

  /** The database of a service is on another server from now on. */
  relocate(service: string, { server }: ServerPlace, provisioned: ProvisionedService): void {
    const state = this.#services.get(service) as ServiceState;
    state.server = server;
    state.provisioned = provisioned;
  }

  /** How one of so many copies reaches the database of a service. */
  boot(service: string, copies: number): DatabaseBoot | undefined {
    const state = this.#services.get(service);
    if (state?.provisioned === undefined) return undefined;
    const declared = state.declared.database?.connections ?? 4;
    return { ...state.provisioned.app, connections: connectionsOfCopy(declared, copies) };
  }

  /** A connection to the database of a service; throws `not_found` when it has none, or why it cannot be had. */
  connection(service: string, role: "app" | "owner"): ConnectionConfig {
    const state = this.#services.get(service);
    if (state === undefined) {
      throw new KerfError("not_found", {
        message: `The service ${JSON.stringify(service)} has no database.`,
        fix: `Give one of: ${[...this.#services.keys()].join(", ")}`,
      });
    }
    if (state.provisioned === undefined) {
      throw (
        state.problem ?? new KerfError("not_ready", `The database of ${service} is not ready yet.`)
      );
    }
    return state.provisioned[role];
  }

  async stop(boundMs: number): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#again.values()) timer.cancel();
    await Promise.all(this.servers.map((server) => server.stop(boundMs)));
  }

  #placeOf(declared: ManifestService, urlFile?: string): ServerPlace {
    const server = declared.database?.server ?? "main";
    return this.#options.locations.of(declared.name) ?? { server, ...(urlFile && { urlFile }) };
  }

  get #history(): HistoryOptions {
    return { ahead: this.#options.ahead };
  }

  #server(name: string, urlFile: string | undefined): PostgresServer {
    let server = this.#servers.get(name);
    // It was started before the app was known, and the app has a server of its own by that name.
    if (server !== undefined && urlFile !== undefined && server.embedded) {
      void server.stop(stopBoundMs);
      this.#reachable.delete(name);
      server = undefined;
    }
    if (server === undefined) {
      server = new PostgresServer({
        name,
        urlFile,
        containers: this.#options.containers,
        home: this.#options.home,
        clock: this.#options.clock,
        log: this.#options.log,
        started: async (reachable) => {
          this.#reachable.set(name, reachable);
          await this.#prepareOn(name, reachable, (state) => isUnmade(state) || isBroken(state));
        },
        moved: (moved) => this.#options.moved(moved),
        problem: (error, source) => {
          for (const state of this.#services.values()) {
            // What has been prepared before is well again as soon as the server is.
            if (state.server === name && state.provisioned === undefined)
              void this.#settle(state, error);
          }
          this.#options.problem(error, source);
        },
      });
      this.#servers.set(name, server);
    }
    return server;
  }

  /** Prepares what is wanted on a server, one round after the other: each sees what came up during the one before. */
  #prepareOn(
    name: string,
    server: DatabaseServer,
    isWanted: (state: ServiceState) => boolean,
  ): Promise<void> {
    const before = this.#preparing.get(name) ?? Promise.resolve();
    const preparing = before.catch(() => {}).then(() => this.#provision(name, server, isWanted));
    this.#preparing.set(name, preparing);
    return preparing;
  }

  /** Provisions and migrates in one go, since the services share the connection. */
  async #provision(
    name: string,
    server: DatabaseServer,
    isWanted: (state: ServiceState) => boolean,
  ): Promise<void> {
    const states = [...this.#services.values()].filter(
      (state) => state.server === name && isWanted(state),
    );
    if (states.length === 0) return;
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    let provisioned: ProvisionedService[];
    try {
      provisioned = await patiently(clock, () => this.#roles(server, states), signal);
    } catch (thrown) {
      const error = toKerfError(thrown);
      for (const state of states) await this.#settle(state, error);
      this.#askAgain(name, states);
      throw error;
    }
    await Promise.all(
      states.map(async (state, index) => {
        const before = state.problem;
        state.provisioned = provisioned[index] as ProvisionedService;
        await this.#restoreWrites(state).catch((thrown: unknown) =>
          this.#options.problem(toKerfError(thrown), state.declared.name),
        );
        try {
          await patiently(clock, () => this.#migrated(state), signal);
          await this.#settle(state, undefined);
        } catch (thrown) {
          const error = toKerfError(thrown);
          await this.#settle(state, error);
          // Told once, however often it is tried.
          if (before === undefined || !passes(before) || !passes(error))
            this.#options.problem(error, state.declared.name);
        }
      }),
    );
    this.#askAgain(name, states);
  }

  /** What could not be reached is tried again later: its server runs, and will not say that it is well again. */
  #askAgain(name: string, states: readonly ServiceState[]): void {
    this.#again.get(name)?.cancel();
    this.#again.delete(name);
    if (this.#stopping.signal.aborted || !states.some(isAway)) return;
    const ask = (): void => {
      this.#again.delete(name);
      const server = this.#reachable.get(name);
      // It has told already, and is tried until it is well or its server is gone.
      if (server !== undefined) this.#prepareOn(name, server, isAway).catch(() => {});
    };
    this.#again.set(name, this.#options.clock.after(againMs, ask));
  }

  /** A move that a platform before us did not come to commit may have taken the service its right to write. */
  async #restoreWrites({ declared, provisioned }: ServiceState): Promise<void> {
    const { isCommitted, unfinished } = this.#options.locations;
    const { rights = [], service } = unfinished ?? {};
    if (isCommitted || service !== declared.name || rights.length === 0) return;
    const { owner } = provisioned as ProvisionedService;
    await withConnection(owner, "kerf/move", (client) => client.query(rights.join(";\n")));
  }

  /** Makes the roles and databases of services as they should be. */
  async #roles(
    server: DatabaseServer,
    states: readonly Pick<ServiceState, "declared">[],
  ): Promise<ProvisionedService[]> {
    await this.#passwords.ensure(states.map((state) => state.declared.name));
    const requests = states.map(({ declared }) => ({
      service: declared.name,
      passwords: this.#passwords.of(declared.name),
      connections: {
        owner: 4,
        app: connectionsOfRole(declared.database?.connections ?? 4),
      },
    }));
    return provisionServices(server, requests, { systemSchema });
  }

  /** Gives the roles of a service the passwords that they are to have by now. */
  async #provisionAgain(service: string): Promise<void> {
    const state = this.#services.get(service);
    const server = state && this.#reachable.get(state.server);
    if (state === undefined || server === undefined) {
      throw new KerfError("not_ready", {
        message: `The database server of ${service} does not run.`,
        fix: "Wait until kerf status says that it does, then run it again.",
      });
    }
    const before = this.#preparing.get(state.server) ?? Promise.resolve();
    const again = before
      .catch(() => {})
      .then(async () => {
        [state.provisioned] = (await this.#roles(server, [state])) as [ProvisionedService];
      });
    this.#preparing.set(state.server, again);
    await again;
  }

  async #migrated({ declared, provisioned }: ServiceState): Promise<readonly string[]> {
    const { owner } = provisioned as ProvisionedService;
    const directory = declared.database?.migrations as string;
    const { applied } = await migrate(owner, directory, systemSchema, this.#history);
    return applied;
  }

  async #settle(state: ServiceState, problem: KerfError | undefined): Promise<void> {
    if (problem === undefined) {
      delete state.problem;
      state.migration = await newest(state.declared.database?.migrations as string);
    } else state.problem = problem;
    state.attempted.resolve();
    this.#options.changed(state.declared.name);
  }
}

/** Nothing has been made for it yet. */
function isUnmade({ provisioned }: ServiceState): boolean {
  return provisioned === undefined;
}

function isBroken({ problem }: ServiceState): boolean {
  return problem !== undefined;
}

/** It could not be reached, which passes. */
function isAway({ problem }: ServiceState): boolean {
  return problem !== undefined && passes(problem);
}

async function newest(directory: string): Promise<string> {
  const names = await readdir(directory);
  return (
    names
      .filter((name) => name.endsWith(".sql"))
      .toSorted()
      .at(-1) ?? ""
  );
}
