import { readdir } from "node:fs/promises";
import {
  type DatabaseServer,
  type HistoryOptions,
  migrate,
  type ProvisionedService,
  provisionServices,
  withConnection,
} from "@kerf/data";
import { type Clock, KerfError, type Timer, toKerfError } from "@kerf/kernel";
import { systemSchema } from "@kerf/service";
import { connectionsOfRole } from "./connection-budget.ts";
import type { DatabaseServers } from "./database-servers.ts";
import type { Locations } from "./moves/locations.ts";
import type { Passwords } from "./passwords.ts";
import { passes, patiently } from "./patiently.ts";
import { isAway, type ServiceDatabase } from "./service-database.ts";

/** How long a database that could not be reached, while its server runs, is left alone, milliseconds. */
const againMs = 5_000;

/** What preparing works on, and what it tells. */
export interface DatabasePreparationOptions {
  readonly clock: Clock;
  readonly locations: Locations;
  readonly passwords: Passwords;
  readonly servers: Pick<DatabaseServers, "reachable">;
  readonly history: HistoryOptions;
  /** Every service that has a database. */
  databases(): Iterable<ServiceDatabase>;
  /** The database of a service became as its code needs it, or stopped being so. */
  changed(service: string): void;
  problem(error: KerfError, source: string): void;
}

/** Makes the databases of services what their code needs: roles and databases are there, migrations are applied. */
export class DatabasePreparation {
  readonly #options: DatabasePreparationOptions;
  /** The last round on each server. */
  readonly #rounds = new Map<string, Promise<void>>();
  /** When servers are asked again on which a database could not be reached. */
  readonly #again = new Map<string, Timer>();
  readonly #stopping = new AbortController();

  constructor(options: DatabasePreparationOptions) {
    this.#options = options;
  }

  /** Prepares what is wanted on a server, one round after the other: each sees what came up during the one before. */
  on(
    name: string,
    server: DatabaseServer,
    isWanted: (database: ServiceDatabase) => boolean,
  ): Promise<void> {
    return this.#round(name, () => this.#prepare(name, server, isWanted));
  }

  /** Gives the roles of a service the passwords that they are to have by now. */
  async provisionAgain(service: string, database: ServiceDatabase | undefined): Promise<void> {
    const server = database && this.#options.servers.reachable(database.server);
    if (database === undefined || server === undefined) {
      throw new KerfError("not_ready", {
        message: `The database server of ${service} does not run.`,
        fix: "Wait until kerf status says that it does, then run it again.",
      });
    }
    await this.#round(database.server, async () => {
      [database.provisioned] = (await this.roles(server, [database])) as [ProvisionedService];
    });
  }

  /** Makes the roles and databases of services as they should be. */
  async roles(
    server: DatabaseServer,
    databases: readonly Pick<ServiceDatabase, "declared">[],
  ): Promise<ProvisionedService[]> {
    const { passwords } = this.#options;
    await passwords.ensure(databases.map(({ declared }) => declared.name));
    const requests = databases.map(({ declared }) => ({
      service: declared.name,
      passwords: passwords.of(declared.name),
      connections: {
        owner: 4,
        app: connectionsOfRole(declared.database?.connections ?? 4),
      },
    }));
    return provisionServices(server, requests, { systemSchema });
  }

  /** Applies what is new; answers what that was. */
  async migrated({ declared, provisioned }: ServiceDatabase): Promise<readonly string[]> {
    const { owner } = provisioned as ProvisionedService;
    const directory = declared.database?.migrations as string;
    const { applied } = await migrate(owner, directory, systemSchema, this.#options.history);
    return applied;
  }

  /** It is known how a database stands now. */
  async settle(database: ServiceDatabase, problem: KerfError | undefined): Promise<void> {
    if (problem === undefined) {
      delete database.problem;
      database.migration = await newest(database.declared.database?.migrations as string);
    } else database.problem = problem;
    database.attempted.resolve();
    this.#options.changed(database.declared.name);
  }

  /** Tries nothing again. */
  stop(): void {
    this.#stopping.abort();
    for (const timer of this.#again.values()) timer.cancel();
  }

  #round(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.#rounds.get(name) ?? Promise.resolve();
    const round = before.catch(() => {}).then(work);
    this.#rounds.set(name, round);
    return round;
  }

  /** Provisions and migrates in one go, since the services share the connection. */
  async #prepare(
    name: string,
    server: DatabaseServer,
    isWanted: (database: ServiceDatabase) => boolean,
  ): Promise<void> {
    const { clock } = this.#options;
    const wanted = [...this.#options.databases()].filter(
      (database) => database.server === name && isWanted(database),
    );
    if (wanted.length === 0) return;
    const { signal } = this.#stopping;
    let provisioned: ProvisionedService[];
    try {
      provisioned = await patiently(clock, () => this.roles(server, wanted), signal);
    } catch (thrown) {
      const error = toKerfError(thrown);
      for (const database of wanted) await this.settle(database, error);
      this.#askAgain(name, wanted);
      throw error;
    }
    await Promise.all(
      wanted.map(async (database, index) => {
        const before = database.problem;
        database.provisioned = provisioned[index] as ProvisionedService;
        await this.#restoreWrites(database).catch((thrown: unknown) =>
          this.#options.problem(toKerfError(thrown), database.declared.name),
        );
        try {
          await patiently(clock, () => this.migrated(database), signal);
          await this.settle(database, undefined);
        } catch (thrown) {
          const error = toKerfError(thrown);
          await this.settle(database, error);
          // Told once, however often it is tried.
          if (before === undefined || !passes(before) || !passes(error))
            this.#options.problem(error, database.declared.name);
        }
      }),
    );
    this.#askAgain(name, wanted);
  }

  /** What could not be reached is tried again later: its server runs, and will not say that it is well again. */
  #askAgain(name: string, databases: readonly ServiceDatabase[]): void {
    this.#again.get(name)?.cancel();
    this.#again.delete(name);
    if (this.#stopping.signal.aborted || !databases.some(isAway)) return;
    const ask = (): void => {
      this.#again.delete(name);
      const server = this.#options.servers.reachable(name);
      // It has told already, and is tried until it is well or its server is gone.
      if (server !== undefined) this.on(name, server, isAway).catch(() => {});
    };
    this.#again.set(name, this.#options.clock.after(againMs, ask));
  }

  /** A move that a platform before us did not come to commit may have taken the service its right to write. */
  async #restoreWrites({ declared, provisioned }: ServiceDatabase): Promise<void> {
    const { isCommitted, unfinished } = this.#options.locations;
    const { rights = [], service } = unfinished ?? {};
    if (isCommitted || service !== declared.name || rights.length === 0) return;
    const { owner } = provisioned as ProvisionedService;
    await withConnection(owner, "kerf/move", (client) => client.query(rights.join(";\n")));
  }
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
