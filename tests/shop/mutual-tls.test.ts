import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { eventually, RunningShop, runs } from "./running-shop.ts";

/** What programs have is renewed every 2 to 3 s; an authority gets its successor after 6 s. */
const lives = ["--certificate-life", "5", "--authority-life", "12"];

describe("the shop over TCP with mutual TLS", { timeout: 120_000 }, () => {
  let shop: RunningShop;
  let customer: Customer;

  before(async () => {
    shop = await RunningShop.start(["--network", "tcp", ...lives]);
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
  });

  const authorities = async (): Promise<string[]> => {
    const file = await readFile(join(shop.home, "keys", "authority.json"), "utf8");
    return (JSON.parse(file) as { authorities: { certificate: string }[] }).authorities.map(
      ({ certificate }) => certificate,
    );
  };

  test("certificates and authorities are renewed, and the platform is killed, with no call lost", async () => {
    const before = await shop.status();
    for (const { instances } of before.units) {
      for (const { address } of instances) assert.match(address, /^tcp:127\.0\.0\.1:[1-9]/);
    }
    const serving = (await shop.pids()).filter((pid) => pid !== before.platform.pid);
    const [first] = await authorities();
    const load = new Load(customer, ["/products?limit=5", "/home", "/orders", "/search?q=saw"]);
    await eventually("the load runs", async () => (load.samples.length > 50 ? true : undefined));
    process.kill(before.platform.pid, "SIGKILL");
    await eventually("a new platform answers", async () => {
      const { platform } = await shop.status();
      return platform.pid === before.platform.pid ? undefined : true;
    });
    // By then every certificate has been renewed several times, the last ones by a successor that signs in its place.
    await eventually(
      "the first authority is let go of",
      async () => ((await authorities()).includes(first as string) ? undefined : true),
      40_000,
    );
    const samples = await load.stop();
    assert.deepEqual(
      samples.filter((sample) => sample.status !== 200),
      [],
    );
    for (const pid of serving) assert.ok(runs(pid), `process ${pid} ended`);
    const placed = await customer.post("/orders", {
      items: [{ sku: "rule-steel", quantity: 1 }],
      payment: { method: "card-ok" },
    });
    assert.equal(placed.status, 202);
  });
});
