import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformPid } from "../chaos/processes.ts";
import { eventually, RunningShop, type ShopStatus } from "../shop/running-shop.ts";
import { countCalls, type Mode, setMode } from "./app/cell.ts";

/** How long everything may take to be there, milliseconds: the machine may be busy. */
const patienceMs = 60_000;
/** How long it may take to end in order, milliseconds; then its launcher is killed, and its guardian ends the rest. */
const stopMs = 30_000;
/** Instances of each service. */
const copies = 3;

/** A running copy of a service. */
export type Instance = ShopStatus["units"][number]["instances"][number];

/** The app under test: two services in three processes each, behind one gateway. */
export class Cluster {
  readonly #shop: RunningShop;
  readonly #cells: string;
  #status: ShopStatus;

  private constructor(shop: RunningShop, cells: string, status: ShopStatus) {
    this.#shop = shop;
    this.#cells = cells;
    this.#status = status;
  }

  /** Starts it, its services talking over `network`, and waits until every copy is ready. */
  static async start(network: "unix" | "tcp"): Promise<Cluster> {
    const home = await mkdtemp(join(tmpdir(), "kerf-faults-"));
    const cells = join(home, "cells");
    await mkdir(cells);
    let shop: RunningShop | undefined;
    try {
      const app = ["--app", "tests/faults/app/app.ts", "--no-watch", "--cut", "all"];
      const args = [...app, "--replicas", String(copies), "--network", network];
      // Programs are given the folder for temporary files, and hardly anything else of our environment.
      const started = await RunningShop.start(args, home, { TMPDIR: cells });
      shop = started;
      const status = await eventually(
        "every copy is ready",
        async () => {
          const seen = await started.status();
          const all = seen.units.flatMap(({ instances }) => instances);
          return all.every(({ state }) => state === "ready") ? seen : undefined;
        },
        patienceMs,
      );
      return new Cluster(started, cells, status);
    } catch (error) {
      await shop?.stop();
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** Base URL of the gateway. */
  get url(): string {
    return this.#shop.url;
  }

  /** One of the copies of a service as they were at the start. */
  instance(service: string): Instance {
    const unit = this.#status.units.find(({ services }) => services.includes(service));
    const [first] = unit?.instances ?? [];
    if (first === undefined) throw new Error(`no instance of ${service} runs`);
    return first;
  }

  /** Process id of the platform; waits for one that is just being started. */
  platform(): Promise<number> {
    return eventually("a platform runs", () => platformPid(this.#shop.home), patienceMs);
  }

  /** Tells an instance what to do with every call from now on. */
  tell(service: string, { pid }: Instance, mode: Mode): void {
    setMode(this.#cells, service, pid, mode);
  }

  /** Calls that have reached the instances of a service so far. */
  calls(service: string): number {
    return countCalls(this.#cells, service);
  }

  /** Where its logs lie. */
  get home(): string {
    return this.#shop.home;
  }

  /** Ends it, whatever state it is in; bounded. `keep`: leave its logs and data. */
  async stop(keep: boolean): Promise<void> {
    const { launcher } = this.#shop;
    const late = setTimeout(() => launcher.kill("SIGKILL"), stopMs);
    try {
      await this.#shop.stop();
    } finally {
      clearTimeout(late);
      if (!keep) await this.#shop.remove();
    }
  }
}
