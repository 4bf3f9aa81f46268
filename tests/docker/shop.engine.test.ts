import assert from "node:assert/strict";
import { test } from "node:test";
import { Customer } from "../shop/customer.ts";
import { endToEnd, type Shop } from "../shop/end-to-end.ts";
import { Load } from "../shop/load.ts";
import { eachApart } from "../shop/placements.ts";
import { eventually } from "../shop/running-shop.ts";
import { ContainedShop, containersOf, docker } from "./contained-shop.ts";

/** How long a copy that hangs may take to be found and replaced, milliseconds. */
const replacedMs = 60_000;

const missing = await lackingDocker();

if (missing === undefined)
  endToEnd<ContainedShop>(
    "each service in containers of its own",
    ["--cut", "all"],
    eachApart,
    {
      "a container shows nothing secret, and has no rights": async (shop) => {
        const [name = ""] = [...(await containersOf(shop.home)).values()];
        const text = await docker("inspect", name);
        const [{ Config, HostConfig, NetworkSettings }] = JSON.parse(text);
        assert.equal(HostConfig.ReadonlyRootfs, true);
        assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
        assert.deepEqual(HostConfig.SecurityOpt, ["no-new-privileges"]);
        assert.doesNotMatch(Config.User, /^(?:0|root)?(?::|$)/);
        assert.deepEqual(Object.keys(NetworkSettings.Networks), [HostConfig.NetworkMode]);
        assert.doesNotMatch(text, /password|PRIVATE KEY|"token"/);
      },
      "the platform is killed, and the next one goes on with the same containers": async (shop) => {
        const before = await containersOf(shop.home);
        const { platform } = await shop.status();
        const load = await loadOf(shop);
        process.kill(platform.pid, "SIGKILL");
        await shop.again();
        const samples = await load.stop();
        assert.deepEqual(
          samples.filter(({ status }) => status !== 200),
          [],
        );
        assert.deepEqual(await containersOf(shop.home), before);
      },
      "a container that is killed, paused or cut off the network is replaced, and nobody notices":
        async (shop) => {
          const [network = ""] = (
            await docker("network", "ls", "-q", "--filter", `label=dev.kerf.home=${shop.home}`)
          ).split("\n");
          const faults: Record<string, (container: string) => Promise<string>> = {
            killed: (container) => docker("kill", container),
            paused: (container) => docker("pause", container),
            "cut off": (container) => docker("network", "disconnect", network, container),
          };
          for (const [what, strike] of Object.entries(faults)) {
            const [[instance, container] = ["", ""]] = [...(await containersOf(shop.home))].filter(
              ([id]) => id.startsWith("catalog-"),
            );
            const load = await loadOf(shop);
            await strike(container);
            if (what === "cut off")
              // It still reaches the platform, over its socket: what tells of it are those who call it.
              await eventually("calls go elsewhere", async () =>
                load.samples.length > 200 ? true : undefined,
              );
            else
              await eventually(
                `another takes the place of the one that was ${what}`,
                async () => {
                  const { units } = await shop.status();
                  const copies = units.find(({ name }) => name === "catalog")?.instances ?? [];
                  const ready = copies.filter(({ state }) => state === "ready");
                  return ready.length === 2 && ready.every(({ id }) => id !== instance)
                    ? true
                    : undefined;
                },
                replacedMs,
              );
            const samples = await load.stop();
            assert.deepEqual(
              samples.filter(({ status }) => status !== 200),
              [],
              what,
            );
          }
        },
      "kerf down leaves no container and no network": async (shop) => {
        await shop.stop();
        assert.equal((await containersOf(shop.home)).size, 0);
        const filter = `label=dev.kerf.home=${shop.home}`;
        assert.equal(await docker("network", "ls", "-q", "--filter", filter), "");
      },
    },
    ContainedShop.start,
  );
else test("the shop in containers", { skip: missing });

async function loadOf(shop: Shop): Promise<Load> {
  const load = new Load(new Customer(shop.url), ["/products?limit=5"]);
  await eventually("the load runs", async () => (load.samples.length > 20 ? true : undefined));
  return load;
}

/** Why there is no Docker here. Continuous integration may not run one: these tests are left out there. */
async function lackingDocker(): Promise<string | undefined> {
  try {
    await docker("version", "--format", "{{.Server.Version}}");
    return undefined;
  } catch {
    const reason = "needs Docker, which is not there; npm run test:docker runs these alone";
    console.log(`skipped: ${reason}`);
    return reason;
  }
}
