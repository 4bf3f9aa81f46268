import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { eventually, RunningShop, runs } from "./running-shop.ts";

/** Programs renew what they have after 9 to 11 s, and can do without a platform for as long. */
const lives = ["--certificate-life", "20"];

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

  /** How many programs have renewed their certificates, by their logs. */
  async function renewed(): Promise<number> {
    const logs = join(shop.home, "logs");
    const files = (await readdir(logs)).filter((name) => name !== "platform.log");
    const texts = await Promise.all(files.map((name) => readFile(join(logs, name), "utf8")));
    return texts.filter((text) => text.includes("certificate of this program was renewed")).length;
  }

  test("certificates are renewed and the platform is killed under load, and no call is lost", async () => {
    const before = await shop.status();
    for (const { instances } of before.units) {
      for (const { address } of instances) assert.match(address, /^tcp:127\.0\.0\.1:[1-9]/);
    }
    const serving = (await shop.pids()).filter((pid) => pid !== before.platform.pid);
    const load = new Load(customer, ["/products?limit=5", "/home", "/orders", "/search?q=saw"]);
    await eventually("the load runs", async () => (load.samples.length > 50 ? true : undefined));
    process.kill(before.platform.pid, "SIGKILL");
    await eventually("a new platform answers", async () => {
      const { platform } = await shop.status();
      return platform.pid === before.platform.pid ? undefined : true;
    });
    await eventually(
      "every unit and the gateway have another certificate",
      async () => ((await renewed()) >= before.units.length + 1 ? true : undefined),
      30_000,
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
