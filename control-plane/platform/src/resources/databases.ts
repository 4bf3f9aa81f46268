import { join } from "node:path";
import type { DatabaseBoot } from "@kerf/call";
import {
  type ConnectionConfig,
  type DatabaseServer,
  type HistoryOptions,
  migrate,
  type MigrationTrialResult,
  type ProvisionedService,
  serviceNames,
  tryMigrations,
} from "@kerf/data";
import { type Build, buildFiles } from "@kerf/service/builds";
import { type Clock, KerfError, toKerfError } from "@kerf/kernel";
import { type AppManifest, type ManifestService, systemSchema } from "@kerf/service";
import type { Logger } from "@kerf/telemetry";
import type { Home } from "../state/home.ts";
import { connectionsOfCopy } from "./connection-budget.ts";
import { DatabasePreparation } from "./database-preparation.ts";
import { DatabaseServers } from "./database-servers.ts";
import type { Locations, ServerPlace } from "./moves/locations.ts";
import { PasswordRotation } from "./password-rotation.ts";
import { Passwords } from "./passwords.ts";
import type { PostgresContainers, PostgresServer } from "./postgres-server.ts";
import { isBroken, isUnmade, type ServiceDatabase } from "./service-database.ts";

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
  readonly #servers: DatabaseServers;
  readonly #preparation: DatabasePreparation;
  readonly #rotation: PasswordRotation;
  readonly #services = new Map<string, ServiceDatabase>();
  /** Services whose new copies wait until it is known where their database is. */
  readonly #held = new Map<string, Promise<void>>();

  constructor(options: DatabasesOptions) {
    this.#options = options;
    const { clock, containers, home, locations, log } = options;
    const passwords = new Passwords(home);
    this.#passwords = passwords;
    this.#servers = new DatabaseServers({
      home,
      clock,
      log,
      containers,
      started: (name, server) =>
        this.#preparation.on(name, server, (database) => isUnmade(database) || isBroken(database)),
      moved: (server) => options.moved(server),
      failed: (name, error, source) => {
        for (const database of this.#services.values()) {
          // What has been prepared before is well again as soon as the server is.
          if (database.server === name && isUnmade(database))
            void this.#preparation.settle(database, error);
        }
        options.problem(error, source);
      },
      isUsed: (name) => this.on(name).length > 0,
    });
    this.#preparation = new DatabasePreparation({
      clock,
      locations,
      passwords,
      servers: this.#servers,
      history: this.#history,
      databases: () => this.#services.values(),
      changed: (service) => options.changed(service),
      problem: (error, source) => options.problem(error, source),
    });
    this.#rotation = new PasswordRotation({
      locations,
      passwords,
      connection: (service, role) => this.connection(service, role),
      provisionAgain: (service) =>
        this.#preparation.provisionAgain(service, this.#services.get(service)),
    });
  }

  get servers(): readonly PostgresServer[] {
    return this.#servers.all;
  }

  /** The logs of the servers that we run. */
  get logs(): string[] {
    return this.#servers.logs;
  }

  /** Starts servers that will most likely be needed, before it is known what the app is. */
  startEarly(names: readonly string[]): void {
    this.#servers.startEarly(names);
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
    const urlFiles = new Map(
      services.map((declared) => {
        const { server, urlFile = manifest.servers[server]?.urlFile } = this.#placeOf(declared);
        return [server, urlFile];
      }),
    );
    const needed = [...this.#services.values()].map((state) => state.server);
    for (const [name, server] of this.#servers.need(needed, urlFiles)) {
      this.#preparation
        .on(name, server, isUnmade)
        .catch((thrown: unknown) => this.#options.problem(toKerfError(thrown), `postgres:${name}`));
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
      const applied = await this.#preparation.migrated(state);
      await this.#preparation.settle(state, undefined);
      return applied;
    } catch (thrown) {
      await this.#preparation.settle(state, toKerfError(thrown));
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
      await this.#preparation.settle(state, undefined);
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
    const server = this.#servers.reachable(state?.server ?? "");
    if (state?.provisioned === undefined || server === undefined)
      return { applied: [], changes: [], ahead: [] };
    return tryMigrations(server, {
      service,
      owner: state.provisioned.owner,
      directory: join(directory, buildFiles.migrations),
      systemSchema,
    });
  }

  /** Exchanges the passwords of a service's roles; see {@link PasswordRotation.rotate}. */
  rotatePasswords(
    service: string,
    exchange: () => Promise<unknown>,
  ): Promise<Record<string, string>> {
    return this.#rotation.rotate(service, exchange);
  }

  /** Where the database of a service is. Throws as {@link connection} does, or `conflict` while its passwords are being exchanged. */
  movable(service: string): { readonly place: ServerPlace; readonly server: DatabaseServer } {
    this.connection(service, "owner");
    const { declared, server: name } = this.#services.get(service) as ServiceDatabase;
    const server = this.#servers.reachable(name);
    if (server === undefined || this.#rotation.isRotating(service)) {
      throw new KerfError(server === undefined ? "not_ready" : "conflict", {
        message:
          server === undefined
            ? `The database server of ${service} does not run.`
            : `The passwords of ${service} are being exchanged.`,
        fix: "Try it again in a moment: kerf status",
      });
    }
    return { place: this.#placeOf(declared, this.#servers.urlFileOf(name)), server };
  }

  /** Starts a server, or reaches it, and keeps it until {@link close}. Throws why it cannot be had. */
  open(place: ServerPlace): Promise<DatabaseServer> {
    return this.#servers.open(place);
  }

  /** Lets a server go that {@link open} has started, unless a service lives there. */
  close(name: string): Promise<void> {
    return this.#servers.close(name);
  }

  /** Makes the database of a service on another server, with its roles and empty tables. */
  async makeOn(server: DatabaseServer, service: string): Promise<ProvisionedService> {
    const { declared } = this.#services.get(service) as ServiceDatabase;
    const [made] = (await this.#preparation.roles(server, [{ declared }])) as [ProvisionedService];
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
    const state = this.#services.get(service) as ServiceDatabase;
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
    this.#preparation.stop();
    await this.#servers.stop(boundMs);
  }

  #placeOf(declared: ManifestService, urlFile?: string): ServerPlace {
    const server = declared.database?.server ?? "main";
    return this.#options.locations.of(declared.name) ?? { server, ...(urlFile && { urlFile }) };
  }

  get #history(): HistoryOptions {
    return { ahead: this.#options.ahead };
  }
}
