// Boundary: PostgreSQL and NATS as containers of an app (kerf up --runtime docker --postgres docker --broker docker), with real containers: their rights, what
// kills them, what stays after kerf down, and what is said when one cannot run.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { hasEngine, natsFile } from "@kerf/events/testing";
import type { Status } from "@kerf/control-api";
import { Customer } from "../shop/customer.ts";
import { eventually, runKerf } from "../shop/running-shop.ts";
import { ContainedShop } from "./contained-shop.ts";
import { docker, lackingDocker } from "./docker.ts";
import { loadImages } from "./exported-images.ts";
import { buildNatsImage } from "./nats-image.ts";
import { buildPostgresImage } from "./postgres-image.ts";
import { weighAsProcesses } from "./share.ts";

const app = join(import.meta.dirname, "backed-shop/app.ts");
const images = {
  postgres: "kerf-test.invalid/backed/postgres:18",
  nats: "kerf-test.invalid/backed/nats:2",
};
const options = ["--postgres", `docker:${images.postgres}`, "--broker", `docker:${images.nats}`];
/** How long what was killed may take to be back, and an order to its end on a busy machine, milliseconds. */
const patienceMs = 60_000;
const skip =
  (await lackingDocker()) ??
  (hasEngine(natsFile) ? false : "needs a NATS server, scripts/engines/brokers");

/** What the engine says of a container, as far as it is held to something. */
interface Inspected {
  readonly Id: string;
  readonly State: { readonly Pid: number };
  readonly Config: { readonly User: string };
  readonly HostConfig: {
    readonly CapDrop: readonly string[];
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly NetworkMode: string;
    readonly ReadonlyRootfs: boolean;
    readonly SecurityOpt: readonly string[];
  };
}

describe("PostgreSQL and NATS as containers", { skip, timeout: 1_200_000 }, () => {
  let shop: ContainedShop;
  let customer: Customer;
  let base: string[] = [];
  let weighAsBefore = async (): Promise<void> => {};

  const ofHome = (): string[] => ["--filter", `label=dev.kerf.home=${shop.home}`];
  const backing = async (name: string): Promise<Inspected> => {
    const id = await docker("ps", "-qa", ...ofHome(), "--filter", `label=dev.kerf.backing=${name}`);
    const [found] = JSON.parse(await docker("inspect", id)) as Inspected[];
    return found as Inspected;
  };
  const volumes = async (): Promise<string[]> =>
    (await docker("volume", "ls", "-q", ...ofHome())).split("\n").toSorted();
  const status = async (): Promise<Status> => (await shop.status()) as unknown as Status;
  const isBack = (name: string, look: (now: Status) => string | undefined): Promise<true> =>
    eventually(
      `${name} is back`,
      async () => look(await status()) === "ready" || undefined,
      patienceMs,
    );
  const order = async (): Promise<string> => {
    const items = [{ sku: "glue-hide", quantity: 1 }];
    const placed = await customer.post("/orders", { items, payment: { method: "card-ok" } });
    assert.equal(placed.status, 202, JSON.stringify(placed.body));
    await eventually(
      "the order is confirmed",
      async () => (await stateOf(placed.body.id)) === "confirmed" || undefined,
      patienceMs,
    );
    return placed.body.id;
  };
  const stateOf = async (id: string): Promise<string> =>
    (await customer.get<{ status: string }>(`/orders/${id}`)).body.status;
  /** Events of orders that notifications have read from the broker. */
  const fromBroker = async (): Promise<number> => {
    const { stdout } = await shop.kerf("events", "lag", "--json");
    const all = JSON.parse(stdout) as { service: string; read?: { fromBroker: number } }[];
    return all.find(({ service }) => service === "notifications")?.read?.fromBroker ?? 0;
  };

  before(async () => {
    weighAsBefore = await weighAsProcesses();
    const home = await mkdtemp(join(tmpdir(), "kerf-backed-"));
    const registry = "kerf-test.invalid/backed";
    base = await loadImages({ home, app, registry, tag: "1", programs: { base: ["users"] } });
    await rm(home, { recursive: true, force: true });
    await buildPostgresImage(images.postgres, base[0] ?? "");
    await buildNatsImage(images.nats, base[0] ?? "");
    shop = await ContainedShop.start(options, app);
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    if (shop !== undefined) {
      await shop.stop();
      await docker("volume", "rm", ...(await volumes()));
      await shop.remove();
    }
    await docker("rmi", "--force", ...base, ...Object.values(images));
    await weighAsBefore();
  });

  test("an order is taken, and its event comes through the broker", async () => {
    await order();
    await eventually(
      "an event is read",
      async () => (await fromBroker()) > 0 || undefined,
      patienceMs,
    );
    const { broker, databases } = await status();
    assert.deepEqual(
      databases.map(({ image, server, state }) => [server, image, state]),
      [
        ["main", images.postgres, "ready"],
        ["payments", images.postgres, "ready"],
      ],
    );
    assert.equal(broker?.image, images.nats);
    assert.match((await shop.kerf("status")).stdout, /NATS in a container/);
    assert.match((await shop.kerf("logs", "postgres:main", "-n", "100")).stdout, /ready to accept/);
    assert.match((await shop.kerf("logs", "broker", "-n", "100")).stdout, /Server is ready/);
  });

  test("their containers have no rights, show nothing secret, and have limits", async () => {
    for (const name of ["postgres-main", "postgres-payments", "broker"]) {
      const found = await backing(name);
      const { CapDrop, Memory, NanoCpus, NetworkMode, ReadonlyRootfs, SecurityOpt } =
        found.HostConfig;
      assert.deepEqual([CapDrop, SecurityOpt], [["ALL"], ["no-new-privileges"]], name);
      assert.equal(ReadonlyRootfs, true, name);
      assert.ok(Memory > 0 && NanoCpus > 0, name);
      assert.doesNotMatch(found.Config.User, /^(?:0|root)?(?::|$)/, name);
      assert.equal(NetworkMode === "none", name !== "broker");
      const { stdout } = await runKerf(shop.home, ["status", "--json"]);
      const password = await docker("exec", found.Id, "/usr/bin/node", "-p", passwordIn(name));
      assert.ok(password.length > 20, name);
      assert.ok(!JSON.stringify(found).includes(password) && !stdout.includes(password), name);
    }
  });

  test("the platform is killed, and adopts them; killed themselves, they come back with their data", async () => {
    const placed = await order();
    const before = [await backing("postgres-main"), await backing("broker")];
    process.kill((await status()).platform.pid, "SIGKILL");
    // Nobody but Docker is there to start it again.
    process.kill(before[0]?.State.Pid ?? 0, "SIGKILL");
    await eventually(
      "Docker starts it again",
      async () => {
        const { Pid } = (await backing("postgres-main")).State;
        return (Pid !== 0 && Pid !== before[0]?.State.Pid) || undefined;
      },
      patienceMs,
    );
    await shop.again();
    const adopted = [await backing("postgres-main"), await backing("broker")];
    assert.deepEqual(
      adopted.map(({ Id }) => Id),
      before.map(({ Id }) => Id),
    );
    assert.equal(adopted[1]?.State.Pid, before[1]?.State.Pid);

    // Docker leaves alone what it was told to kill: this is the platform's.
    await docker("kill", adopted[0]?.Id ?? "", adopted[1]?.Id ?? "");
    await eventually(
      "it is seen",
      async () => (await status()).broker?.restarts || undefined,
      patienceMs,
    );
    await isBack("the broker", ({ broker }) => broker?.state);
    await isBack(
      "PostgreSQL",
      ({ databases }) => databases.find(({ server }) => server === "main")?.state,
    );
    await eventually(
      "it has the order",
      async () => (await stateOf(placed)) === "confirmed" || undefined,
      patienceMs,
    );
    const read = await fromBroker();
    await eventually(
      "events come through it again",
      async () => {
        // The first ones may be read where they were written, before readers are back at the broker.
        await order();
        return (await fromBroker()) > read || undefined;
      },
      patienceMs,
    );
  });

  test("kerf down names the volumes that stay, and kerf up goes on with them", async () => {
    const placed = await order();
    const { stdout } = await shop.kerf("down");
    assert.equal(await docker("ps", "-qa", ...ofHome()), "");
    const kept = await volumes();
    assert.deepEqual(
      kept.map((name) => name.replace(/^kerf-[0-9a-f]+-/, "")),
      ["broker", "postgres-main", "postgres-payments"],
    );
    assert.ok(stdout.includes(`docker volume rm ${kept.join(" ")}`), stdout);
    await shop.again();
    customer = moved(customer, (await status()).gateways[0]?.url ?? "");
    assert.equal(await stateOf(placed), "confirmed");
    await order();
  });

  test("data of another version are refused, saying which image reads them", async () => {
    await shop.kerf("down");
    const [, main = ""] = await volumes();
    const write = (version: string): Promise<string> =>
      docker(
        "run",
        "--rm",
        "--network",
        "none",
        "--user",
        "0",
        "-v",
        `${main}:/v`,
        "--entrypoint",
        "/usr/bin/node",
        images.postgres,
        "-e",
        `fs.writeFileSync("/v/data/PG_VERSION", "${version}\\n")`,
      );
    await write("17");
    await shop.again();
    const server = (await status()).databases.find(({ server: name }) => name === "main");
    assert.match(server?.lastError?.fix ?? "", /--postgres docker:postgres:/);
    await write("18");
    await isBack(
      "PostgreSQL",
      ({ databases }) => databases.find(({ server: name }) => name === "main")?.state,
    );
  });

  test("an image that cannot be had ends the start, saying how to get it", async () => {
    const home = await mkdtemp(join(tmpdir(), "kerf-backed-"));
    try {
      const missing = ["--postgres", "docker:127.0.0.1:1/none:18"];
      const { code, stderr } = await runKerf(home, [
        "up",
        "--app",
        app,
        "--runtime",
        "docker",
        ...missing,
      ]);
      assert.notEqual(code, 0);
      assert.match(stderr, /There is no image 127\.0\.0\.1:1\/none:18.*docker pull/s);
    } finally {
      await runKerf(home, ["down"]);
      await rm(home, { recursive: true, force: true });
    }
  });
});

/** Reads what the program in a container logs in with. */
function passwordIn(name: string): string {
  return name === "broker"
    ? 'fs.readFileSync("/etc/kerf-nats.conf", "utf8").match(/password: "([^"]+)"/)[1]'
    : 'fs.readFileSync("/run/secrets/postgres-password", "utf8")';
}

/** The same customer at another address. */
function moved(customer: Customer, url: string): Customer {
  const again = new Customer(url);
  again.token = customer.token;
  return again;
}
