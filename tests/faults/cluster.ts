import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { platformPid } from "../chaos/processes.ts";
import { eventually, RunningShop, type ShopStatus } from "../shop/running-shop.ts";
import { Exporter } from "./exporter.ts";
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
  readonly #exporter: Exporter | undefined;
  #status: ShopStatus;

  private constructor(
    shop: RunningShop,
    cells: string,
    status: ShopStatus,
    exporter: Exporter | undefined,
  ) {
    this.#exporter = exporter;
    this.#shop = shop;
    this.#cells = cells;
    this.#status = status;
  }

  /** Starts it, its services talking over `network`, and waits until every copy is ready. `exporter`: telemetry goes elsewhere as well. */
  static async start(network: "unix" | "tcp", exports = false): Promise<Cluster> {
    const home = await mkdtemp(join(tmpdir(), "kerf-faults-"));
    const cells = join(home, "cells");
    await mkdir(cells);
    let shop: RunningShop | undefined;
    const exporter = exports ? await Exporter.start() : undefined;
    if (exporter !== undefined) await writeFile(join(cells, "exporter"), exporter.url);
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
      return new Cluster(started, cells, status, exporter);
    } catch (error) {
      exporter?.stop();
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

  /** Process id of the telemetry store that runs now; undefined while there is none. */
  telemetry(): number | undefined {
    try {
      const file = join(this.#shop.home, "run", "telemetry.json");
      const { reference } = JSON.parse(readFileSync(file, "utf8")) as {
        reference: { pid: number };
      };
      return reference.pid;
    } catch {
      return undefined;
    }
  }

  /** Bytes of the largest file that the store keeps. */
  async largestTelemetryFile(): Promise<number> {
    const directory = join(this.#shop.home, "state", "telemetry");
    const sizes = (await readdir(directory)).map(
      async (name) => (await stat(join(directory, name))).size,
    );
    return Math.max(0, ...(await Promise.all(sizes)));
  }

  /** The backend beside the store takes hardly anything from now on, or everything again. */
  slowExporter(isSlow: boolean): void {
    if (this.#exporter === undefined) throw new Error("telemetry goes nowhere else");
    this.#exporter.isSlow = isSlow;
  }

  /** Every program that serves: copies of services and gateways. */
  get serving(): readonly number[] {
    const { gateways, units } = this.#status;
    return [
      ...units.flatMap(({ instances }) => instances.map(({ pid }) => pid)),
      ...gateways.map(({ pid }) => pid),
    ];
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
      this.#exporter?.stop();
      clearTimeout(late);
      if (!keep) await this.#shop.remove();
    }
  }
}
