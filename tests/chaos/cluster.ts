import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresPlace, postgresServers } from "../shop/postgres-places.ts";
import { type RunSql, sqlOf } from "../workload/sql.ts";
import { send } from "./faults/signals.ts";
import { freePort } from "./free-port.ts";
import { platformPid, running } from "./processes.ts";
import { eventually, RunningShop, runs } from "../shop/running-shop.ts";

/** How long something that must be there is waited for, milliseconds: the machine may be busy. */
const patienceMs = 60_000;
/** How long it may take to end in order, milliseconds; then its launcher is killed, and its guardian ends the rest. */
const stopMs = 30_000;

const app = ["--app", "tests/workload/app/app.ts", "--no-watch", "--cut", "all", "--replicas", "2"];

/** The app under test and how to reach its parts: processes by what they say of themselves, data by its owners. */
export class Cluster {
  shop: RunningShop;
  readonly #args: readonly string[];
  #powerCut: Promise<unknown> = Promise.resolve();

  private constructor(shop: RunningShop, args: readonly string[]) {
    this.shop = shop;
    this.#args = args;
  }

  /** Starts it, two copies of each unit, and waits until every one of them is ready. */
  static async start(args: readonly string[]): Promise<Cluster> {
    const port = String(await freePort());
    const all = [...app, "--port", port, ...args];
    const home = await mkdtemp(join(tmpdir(), "kerf-chaos-"));
    let shop: RunningShop | undefined;
    try {
      shop = await RunningShop.start(all, home);
      const cluster = new Cluster(shop, all);
      await cluster.allReady(patienceMs);
      return cluster;
    } catch (error) {
      await shop?.stop();
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Kills everything that runs, all at once, and starts it again with the data that it left. Answers how many processes that were.
   * One at a time: a second one waits until the first is over.
   */
  cutPower(): Promise<number> {
    const next = this.#powerCut.then(() => this.#cutPower());
    this.#powerCut = next.catch(() => undefined);
    return next;
  }

  /** Resolves when no power cut is under way. */
  powered(): Promise<unknown> {
    return this.#powerCut;
  }

  async #cutPower(): Promise<number> {
    const { launcher, home } = this.shop;
    const servers = Object.values(await postgresServers(home).catch(() => ({})));
    const pids = [await this.platform(), ...servers.map(({ pid }) => pid)];
    pids.push(...(await running(home)).map(({ pid }) => pid));
    // The launcher first: whoever sees another end would start it again.
    launcher.kill("SIGKILL");
    for (const pid of pids) send(pid, "SIGKILL");
    await this.shop.stop();
    this.shop = await RunningShop.start(this.#args, home);
    return pids.length + 1;
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
