import { type PostgresPlace, postgresServers } from "../shop/postgres-places.ts";
import { type RunSql, sqlOf } from "../workload/sql.ts";
import { platformPid, running } from "./processes.ts";
import type { Shop } from "../shop/end-to-end.ts";
import { eventually, runs } from "../shop/running-shop.ts";

/** How long something that must be there is waited for, milliseconds: the machine may be busy. */
export const patienceMs = 60_000;
/** The app under test and how to reach its parts: processes by what they say of themselves, data by its owners. */
export abstract class Cluster<Kind extends Shop = Shop> {
  shop: Kind;
  /** How it was started. */
  protected readonly args: readonly string[];
  #powerCut: Promise<unknown> = Promise.resolve();

  protected constructor(shop: Kind, args: readonly string[]) {
    this.shop = shop;
    this.args = args;
  }

  /** Kills everything that runs, all at once, and starts it again with the data that it left. Answers how many programs that were. */
  abstract cutPower(): Promise<number>;

  /** The platform ends without a word; the next one takes over what runs. Answers its process id. */
  abstract killPlatform(): Promise<number>;

  /** Ends it, whatever state it is in; bounded. */
  abstract stop(): Promise<void>;

  /** One after the other: what starts everything again, or its platform. */
  protected alone<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#powerCut.then(work);
    this.#powerCut = next.catch(() => undefined);
    return next;
  }

  /** Resolves when no power cut is under way. */
  powered(): Promise<unknown> {
    return this.#powerCut;
  }

  /** Process ids of every database server and every program that is a process. */
  protected async everyProcess(): Promise<number[]> {
    const { home } = this.shop;
    const servers = Object.values(await postgresServers(home).catch(() => ({})));
    return [...servers, ...(await running(home))].map(({ pid }) => pid);
  }

  /** Process id of the platform; waits for one that is just being started. */
  platform(): Promise<number> {
    return eventually("a platform runs", () => platformPid(this.shop.home), patienceMs);
  }

  /** Process id of a gateway. */
  gateway(name: string): Promise<number> {
    return eventually(
      `gateway ${name} runs`,
      async () =>
        (await running(this.shop.home)).find(({ unit }) => unit === `gateway:${name}`)?.pid,
      patienceMs,
    );
  }

  /** Resolves when everything is ready. */
  async allReady(withinMs: number): Promise<void> {
    await eventually(
      "everything is ready",
      async () => {
        const status = await this.shop.status();
        const units = status.units.flatMap(({ instances }) => instances);
        return units.every(({ state }) => state === "ready") &&
          status.databases.every(({ state }) => state === "ready") &&
          status.gateways.every(({ pid }) => pid > 0)
          ? true
          : undefined;
      },
      withinMs,
    );
  }

  /** Process ids of the copies of a service that run, in the order of their places. */
  async copies(service: string): Promise<number[]> {
    return eventually(
      `${service} runs`,
      async () => {
        const pids = (await running(this.shop.home))
          .filter(({ services }) => services.includes(service))
          .map(({ pid }) => pid);
        return pids.length > 0 ? pids : undefined;
      },
      patienceMs,
    );
  }

  /** The PostgreSQL server of this name, by what it writes into its own data directory. */
  postgres(server: string): Promise<PostgresPlace> {
    return eventually(
      `PostgreSQL ${server} runs`,
      async () => {
        const place = (await postgresServers(this.shop.home))[server];
        return place !== undefined && runs(place.pid) ? place : undefined;
      },
      patienceMs,
    );
  }

  /** Process ids of the connections of a service's instances to its database. */
  async backends(service: string): Promise<number[]> {
    const rows = await eventually(
      `the database of ${service} answers`,
      () =>
        this.sql<{ pid: number }>(
          service,
          "select pid from pg_stat_activity where datname = current_database() and usename = $1",
          [`${service}_app`],
        ),
      patienceMs,
    );
    return rows.map(({ pid }) => pid);
  }

  /** Runs a statement in a service's database, as its owner. */
  get sql(): RunSql {
    return sqlOf(this.shop.home);
  }
}
