import { rm } from "node:fs/promises";
import { ContainedShop, containersOf } from "../docker/contained-shop.ts";
import { docker } from "../docker/docker.ts";
import { weighAsProcesses } from "../docker/share.ts";
import { eventually } from "../shop/running-shop.ts";
import { Cluster, patienceMs } from "./cluster.ts";
import { send } from "./faults/signals.ts";
import { freePort } from "./free-port.ts";

/** The app under test with its units in containers: its platform runs in the background, and nobody but us starts it again. */
export class ContainedCluster extends Cluster<ContainedShop> {
  #weighAsBefore = async (): Promise<void> => {};

  /** Starts it, two copies of each unit, and waits until every one of them is ready. */
  static async begin(args: readonly string[]): Promise<ContainedCluster> {
    const port = String(await freePort());
    const all = ["--cut", "all", "--replicas", "2", "--port", port, ...args];
    const weighAsBefore = await weighAsProcesses();
    const shop = await ContainedShop.start(all, "tests/workload/app/app.ts").catch(
      async (error: unknown) => {
        await weighAsBefore();
        throw error;
      },
    );
    const cluster = new ContainedCluster(shop, all);
    cluster.#weighAsBefore = weighAsBefore;
    try {
      await cluster.allReady(patienceMs);
      return cluster;
    } catch (error) {
      await cluster.stop();
      await rm(shop.home, { recursive: true, force: true });
      throw error;
    }
  }

  /** The containers of a service that run, by their names. */
  async containers(service: string): Promise<string[]> {
    const isOf = new RegExp(`^${service}-[0-9a-f]{6}$`);
    return eventually(
      `${service} runs`,
      async () => {
        const all = await containersOf(this.shop.home, "running");
        const own = [...all].filter(([instance]) => isOf.test(instance)).map(([, name]) => name);
        return own.length > 0 ? own : undefined;
      },
      patienceMs,
    );
  }

  /** Process ids as this machine sees them. What is in another language is no container. */
  override async copies(service: string): Promise<number[]> {
    if (service === "recommendations") return super.copies(service);
    return eventually(
      `a container of ${service} runs`,
      async () => {
        const names = await this.containers(service);
        const said = await docker("inspect", "--format", "{{.State.Pid}}", ...names);
        // One that has ended, or has not begun, has the process id 0, which means us.
        const pids = said
          .split("\n")
          .map(Number)
          .filter((pid) => pid > 0);
        return pids.length > 0 ? pids : undefined;
      },
      patienceMs,
    );
  }

  /** The platform ends without a word, and is started again. */
  killPlatform(): Promise<number> {
    return this.alone(async () => {
      const pid = await this.platform();
      send(pid, "SIGKILL");
      await this.shop.again();
      return pid;
    });
  }

  cutPower(): Promise<number> {
    return this.alone(async () => {
      const names = [...(await containersOf(this.shop.home)).values()];
      const pids = [await this.platform(), ...(await this.everyProcess())];
      for (const pid of pids) send(pid, "SIGKILL");
      await docker("kill", ...names).catch(() => {});
      await this.shop.again();
      return pids.length + names.length;
    });
  }

  async stop(): Promise<void> {
    try {
      await this.shop.stop();
    } finally {
      await this.#weighAsBefore();
    }
  }
}
