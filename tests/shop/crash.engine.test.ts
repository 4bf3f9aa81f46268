import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Customer } from "./customer.ts";
import { Load } from "./load.ts";
import { eventually, RunningShop, runs } from "./running-shop.ts";

/** A path that needs the unit, and the others that must not notice. */
const paths: Readonly<Record<string, string>> = {
  catalog: "/products?limit=5",
  inventory: "/inventory/rule-steel",
  search: "/search?q=saw",
  users: "/users/me",
  orders: "/orders",
  notifications: "/notifications",
};

describe("a unit is killed under load", { timeout: 240_000 }, () => {
  let shop: RunningShop;
  let customer: Customer;

  before(async () => {
    shop = await RunningShop.start();
    customer = await Customer.signedUp(shop.url);
  });
  after(async () => {
    await shop?.stop();
    await shop?.remove();
  });

  for (const [unit, path] of Object.entries(paths)) {
    test(`${unit}: the others go on, it is back by itself, and the status tells the truth`, async () => {
      const before = instanceOf(await shop.status(), unit);
      const load = new Load(customer, Object.values(paths));
      await eventually("the load runs", async () => (load.samples.length > 30 ? true : undefined));
      process.kill(before.pid, "SIGKILL");
      const after = await eventually("the status shows another process", async () => {
        const now = instanceOf(await shop.status(), unit);
        // Never the killed one as ready once it is gone.
        assert.ok(
          now.pid !== before.pid || now.state !== "ready" || runs(before.pid),
          "a dead process was said to be ready",
        );
        return now.state === "ready" && now.pid !== before.pid ? now : undefined;
      });
      assert.ok(runs(after.pid));
      const since = load.samples.length;
      await eventually("all paths answer again", async () =>
        Object.values(paths).every((each) =>
          load.samples.slice(since).some((sample) => sample.path === each && sample.status === 200),
        )
          ? true
          : undefined,
      );
      const samples = await load.stop();
      const bystanders = samples.filter((sample) => sample.path !== path && sample.status !== 200);
      assert.deepEqual(bystanders, [], "a unit that was not killed failed");
      // How soon it was back is a figure of `npm run bench -- recover`: a machine that is busy with other tests has none.
      const own = samples.filter((sample) => sample.path === path);
      assert.equal(own.at(-1)?.status, 200);
      for (const { status } of own) assert.ok(status === 200 || status === 503, `${status}`);
    });
  }
});

function instanceOf(
  status: Awaited<ReturnType<RunningShop["status"]>>,
  unit: string,
): { pid: number; state: string } {
  const found = status.units.find((each) => each.name === unit)?.instances[0];
  assert.ok(found !== undefined, `no instance of ${unit}`);
  return found;
}
