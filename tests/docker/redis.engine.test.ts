// Boundary: Redis as a container of an app (kerf up --runtime docker --redis docker), with a real one: its rights, what kills it, and what stays after kerf down.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Status } from "@kerf/control-api";
import { findRedisProgram } from "@kerf/data/redis";
import { eventually } from "../shop/running-shop.ts";
import { ContainedShop } from "./contained-shop.ts";
import { docker, lackingDocker } from "./docker.ts";
import { buildRedisImage } from "./redis-image.ts";
import { weighAsProcesses } from "./share.ts";

const app = join(import.meta.dirname, "../../docs/guides/examples/redis.ts");
const image = "kerf-test.invalid/backed/redis:7";
/** How long what was killed may take to be back, milliseconds. */
const patienceMs = 60_000;
const program = findRedisProgram();
const skip = (await lackingDocker()) ?? (program === undefined ? "needs redis-server" : false);

/** What the engine says of the container, as far as it is held to something. */
interface Inspected {
  readonly Id: string;
  readonly State: { readonly Pid: number };
  readonly HostConfig: {
    readonly CapDrop: readonly string[];
    readonly Memory: number;
    readonly NetworkMode: string;
    readonly ReadonlyRootfs: boolean;
  };
}

describe("Redis as a container", { skip, timeout: 600_000 }, () => {
  let shop: ContainedShop;
  let weighAsBefore = async (): Promise<void> => {};
  const full = { items: { oak: 2 } };

  const ofHome = (): string[] => ["--filter", `label=dev.kerf.home=${shop.home}`];
  const container = async (): Promise<Inspected> => {
    const id = await docker("ps", "-qa", ...ofHome(), "--filter", "label=dev.kerf.backing=redis");
    const [found] = JSON.parse(await docker("inspect", id)) as Inspected[];
    return found as Inspected;
  };
  const status = async (): Promise<Status> => (await shop.status()) as unknown as Status;
  const url = async (): Promise<string> => (await status()).gateways[0]?.url ?? "";
  const put = async (id: string): Promise<void> => {
    const body = JSON.stringify({ sku: "oak", quantity: 2 });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`${await url()}/baskets/${id}`, { method: "PUT", headers, body });
    assert.equal(answer.status, 200, await answer.text());
  };
  const get = async (id: string): Promise<unknown> =>
    (await fetch(`${await url()}/baskets/${id}`)).json();

  before(async () => {
    weighAsBefore = await weighAsProcesses();
    await buildRedisImage(image, program ?? "");
    shop = await ContainedShop.start(["--redis", `docker:${image}`], app);
  });
  after(async () => {
    if (shop !== undefined) {
      await shop.stop();
      const volumes = (await docker("volume", "ls", "-q", ...ofHome())).split("\n");
      await docker("volume", "rm", ...volumes);
      await shop.remove();
    }
    await docker("rmi", "--force", image);
    await weighAsBefore();
  });

  test("units in containers reach it, each as its own user; it has no rights and no network", async () => {
    await put("ada");
    assert.deepEqual(await get("ada"), full);
    const looked = await (await fetch(`${await url()}/keys/baskets:ada`)).text();
    assert.match(looked, /NOPERM/);
    const { redis } = await status();
    assert.deepEqual([redis?.image, redis?.state], [image, "ready"]);
    assert.match((await shop.kerf("status")).stdout, /redis +a container/);
    const { CapDrop, Memory, NetworkMode, ReadonlyRootfs } = (await container()).HostConfig;
    assert.deepEqual([CapDrop, NetworkMode, ReadonlyRootfs], [["ALL"], "none", true]);
    assert.ok(Memory > 0);
  });

  test("killed, it comes back with what it kept and whom it let in; the next platform adopts it", async () => {
    const { Id, State } = await container();
    process.kill((await status()).platform.pid, "SIGKILL");
    // Nobody but Docker is there to start it again.
    process.kill(State.Pid, "SIGKILL");
    await eventually(
      "Docker starts it again",
      async () => {
        const { Pid } = (await container()).State;
        return (Pid !== 0 && Pid !== State.Pid) || undefined;
      },
      patienceMs,
    );
    await shop.again();
    assert.equal((await container()).Id, Id);
    await eventually(
      "it answers",
      async () => ((await status()).redis?.state === "ready" ? true : undefined),
      patienceMs,
    );
    assert.deepEqual(await get("ada"), full);
  });

  test("kerf down names its volume, and kerf up goes on with it", async () => {
    const { stdout } = await shop.kerf("down");
    assert.match(stdout, /docker volume rm kerf-[0-9a-f]+-redis/);
    await shop.again();
    assert.deepEqual(await get("ada"), full);
  });
});
