import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Customer } from "../shop/customer.ts";
import { endToEnd, type Shop } from "../shop/end-to-end.ts";
import { Load } from "../shop/load.ts";
import { eachApart } from "../shop/placements.ts";
import { eventually, runKerf } from "../shop/running-shop.ts";
import { copyShop } from "../shop/shop-copy.ts";
import { ContainedShop, containersOf } from "./contained-shop.ts";
import { docker, lackingDocker } from "./docker.ts";
import { buildGreeterImage } from "./greeter-image.ts";
import { weighAsProcesses } from "./share.ts";

/** How long a copy that hangs may take to be found and replaced, milliseconds. */
const replacedMs = 60_000;

const missing = await lackingDocker();
const folder = await mkdtemp(join(tmpdir(), "kerf-docker-"));
const weighAsBefore = await weighAsProcesses();
after(async () => {
  await weighAsBefore();
  await rm(folder, { recursive: true, force: true });
});

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
      "a service is deployed by the image that brings its build, under load, without a failure":
        async (shop) => {
          const image = "kerf-test.invalid/shop/catalog:2";
          const archive = await imageOfCatalog(image);
          await docker("load", "--input", archive);
          const load = await loadOf(shop);
          const { code, stderr } = await shop.kerf("deploy", "catalog", "--image", image);
          assert.equal(code, 0, stderr);
          const samples = await load.stop();
          assert.deepEqual(
            samples.filter(({ status }) => status !== 200),
            [],
          );
          const { body } = await new Customer(shop.url).get<{ items: { name: string }[] }>(
            "/products?limit=1",
          );
          assert.match(body.items[0]?.name ?? "", / #2$/);
          const again = await shop.kerf("deploy", "catalog", "--image", image);
          assert.match(again.stdout, /catalog runs as it is built: nothing to deploy/);
          const other = await shop.kerf("deploy", "orders", "--image", image);
          assert.match(other.stderr, /has no build of orders in it.*It has catalog/s);
          await docker("rmi", image);
        },
      "an image of somebody else runs behind the gateway, and is exchanged without a failure":
        async (shop) => {
          const image = await buildGreeterImage(shop.home);
          const deploy = async (greeting: string): Promise<void> => {
            const { code, stderr } = await shop.kerf(
              "deploy",
              "--app",
              "greeter",
              "--image",
              image,
              "--env",
              `GREETING=${greeting}`,
              "--port",
              "9000",
              "--replicas",
              "2",
              "--memory",
              "128m",
              "--cpus",
              "0.5",
            );
            assert.equal(code, 0, stderr);
          };
          const own = ["ps", "-q", "--filter", `label=dev.kerf.home=${shop.home}`];
          const copies = async (): Promise<string[]> =>
            (await docker(...own, "--filter", "label=dev.kerf.image=greeter")).split("\n");
          const customer = new Customer(shop.url);
          await deploy("good morning");
          const { body, headers } = await customer.get("/greeter/a?b=c");
          assert.equal(body.greeting, "good morning");
          assert.equal(body.url, "/a?b=c");
          assert.equal(body.trace.split("-")[1], headers.get("x-trace-id"));
          const [copy = ""] = await copies();
          const limits = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}";
          assert.equal(
            await docker("inspect", "--format", limits, copy),
            `${128 * 1_048_576} 500000000`,
          );
          assert.match((await shop.kerf("images")).stdout, /128 MB, 0\.5 CPU/);
          const asService = await shop.kerf("deploy", "orders", "--image", image);
          assert.match(asService.stderr, /has no build of a service in it.*--app NAME/s);
          const load = new Load(customer, ["/greeter/"]);
          await deploy("good evening");
          const samples = await load.stop();
          assert.ok(samples.length > 0);
          assert.deepEqual(
            samples.filter(({ status }) => status !== 200),
            [],
          );
          assert.equal((await customer.get("/greeter/")).body.greeting, "good evening");

          await docker("kill", (await copies())[0] ?? "");
          await eventually("it is started again", async () =>
            (await copies()).length === 2 ? true : undefined,
          );
          const taken = await shop.kerf("deploy", "--app", "orders", "--image", image);
          assert.match(taken.stderr, /orders is a service of the app/);
          assert.equal((await shop.kerf("undeploy", "greeter")).code, 0);
          assert.equal((await customer.get("/greeter/")).status, 404);
          await docker("rmi", image);
        },
      "kerf down leaves no container and no network": async (shop) => {
        await shop.stop();
        assert.equal((await containersOf(shop.home)).size, 0);
        const filter = `label=dev.kerf.home=${shop.home}`;
        assert.equal(await docker("network", "ls", "-q", "--filter", filter), "");
      },
    },
    (args) => ContainedShop.start(args),
  );
else test("the shop in containers", { skip: missing });

/** The archive of an image of catalog as it never was before: its products have other names. */
async function imageOfCatalog(image: string): Promise<string> {
  const source = await copyShop();
  const service = source.file("catalog/service.ts");
  const text = await readFile(service, "utf8");
  await writeFile(service, text.replace("name: row.name,", "name: `${row.name} #2`,"));
  const archive = join(folder, "catalog.tar");
  const { code, stderr } = await runKerf(folder, [
    "build",
    "catalog",
    "--app",
    source.app,
    "--image",
    image,
    "--output",
    archive,
  ]);
  assert.equal(code, 0, stderr);
  await source.remove();
  return archive;
}

async function loadOf(shop: Shop): Promise<Load> {
  const load = new Load(new Customer(shop.url), ["/products?limit=5"]);
  await eventually("the load runs", async () => (load.samples.length > 20 ? true : undefined));
  return load;
}
