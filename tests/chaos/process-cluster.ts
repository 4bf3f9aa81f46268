import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningShop } from "../shop/running-shop.ts";
import { Cluster, patienceMs } from "./cluster.ts";
import { send } from "./faults/signals.ts";
import { freePort } from "./free-port.ts";

/** How long it may take to end in order, milliseconds; then its launcher is killed, and its guardian ends the rest. */
const stopMs = 30_000;

const app = ["--app", "tests/workload/app/app.ts", "--no-watch", "--cut", "all", "--replicas", "2"];

/** The app under test as processes of `kerf dev`, whose launcher starts its platform again. */
export class ProcessCluster extends Cluster<RunningShop> {
  /** Starts it, two copies of each unit, and waits until every one of them is ready. */
  static async begin(args: readonly string[]): Promise<ProcessCluster> {
    const port = String(await freePort());
    const all = [...app, "--port", port, ...args];
    const home = await mkdtemp(join(tmpdir(), "kerf-chaos-"));
    let shop: RunningShop | undefined;
    try {
      shop = await RunningShop.start(all, home);
      const cluster = new ProcessCluster(shop, all);
      await cluster.allReady(patienceMs);
      return cluster;
    } catch (error) {
      await shop?.stop();
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  async killPlatform(): Promise<number> {
    const pid = await this.platform();
    if (!send(pid, "SIGKILL")) throw new Error(`process ${pid} was gone already`);
    return pid;
  }

  cutPower(): Promise<number> {
    return this.alone(async () => {
      const { launcher, home } = this.shop;
      const pids = [await this.platform(), ...(await this.everyProcess())];
      // The launcher first: whoever sees another end would start it again.
      launcher.kill("SIGKILL");
      for (const pid of pids) send(pid, "SIGKILL");
      await this.shop.stop();
      this.shop = await RunningShop.start(this.args, home);
      return pids.length + 1;
    });
  }

  async stop(): Promise<void> {
    const { launcher } = this.shop;
    const late = setTimeout(() => launcher.kill("SIGKILL"), stopMs);
    try {
      await this.shop.stop();
    } finally {
      clearTimeout(late);
    }
  }
}
