import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { type PostgresPlace, postgresServers } from "../shop/postgres-places.ts";
import { eventually, RunningShop, type ShopStatus } from "../shop/running-shop.ts";

/** How long something that must be there is waited for, milliseconds: the machine may be busy. */
const patienceMs = 60_000;
/** How long it may take to end in order, milliseconds; then its launcher is killed, and its guardian ends the rest. */
const stopMs = 30_000;
/** Bound of one statement, milliseconds. */
const statementMs = 20_000;

/** The app under test and how to reach its parts: processes by what they say of themselves, data by its owners. */
export class Cluster {
  readonly shop: RunningShop;

  private constructor(shop: RunningShop) {
    this.shop = shop;
  }

  /** Starts it, two copies of each unit, and waits until every one of them is ready. */
  static async start(args: readonly string[]): Promise<Cluster> {
    const app = ["--app", "tests/chaos/app/app.ts", "--cut", "all", "--no-watch"];
    const cluster = new Cluster(await RunningShop.start([...app, "--replicas", "2", ...args]));
    await cluster.allReady(patienceMs);
    return cluster;
  }

  /** Ends it, whatever state it is in; bounded. */
  async stop(): Promise<void> {
    const { launcher } = this.shop;
    const late = setTimeout(() => launcher.kill("SIGKILL"), stopMs);
    try {
      await this.shop.stop();
    } finally {
      clearTimeout(late);
    }
  }

  /** What the platform says; waits for a platform that is just being started. */
  status(): Promise<ShopStatus> {
    return eventually("the platform answers", () => this.shop.status(), patienceMs);
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
        const { units } = await this.shop.status();
        const pids = units
          .filter((unit) => unit.services.includes(service))
          .flatMap(({ instances }) => instances.map(({ pid }) => pid))
          .filter((pid) => pid > 0);
        return pids.length > 0 ? pids : undefined;
      },
      patienceMs,
    );
  }

  /** The PostgreSQL server of this name, by what it writes into its own data directory. */
  postgres(server: string): Promise<PostgresPlace> {
    return eventually(
      `PostgreSQL ${server} runs`,
      async () => (await postgresServers(this.shop.home))[server],
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
  async sql<Row extends pg.QueryResultRow>(
    service: string,
    text: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const { home } = this.shop;
    const passwords = JSON.parse(
      await readFile(join(home, "keys", "databases.json"), "utf8"),
    ) as Record<string, { owner: string }>;
    const places = await postgresServers(home);
    const client = new pg.Client({
      ...(service === "payments" ? places["payments"] : places["main"]),
      database: service,
      user: `${service}_owner`,
      password: passwords[service]?.owner ?? "",
      connectionTimeoutMillis: 5_000,
      query_timeout: statementMs,
      statement_timeout: statementMs,
    });
    // A server that is killed tells so here too; the statement below fails with it.
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
