import assert from "node:assert/strict";
import { test } from "node:test";
import { AdaptiveLimit } from "./adaptive-limit.ts";
import { policyDefaults } from "./defaults.ts";

/** An instance with places for some calls: beyond them calls queue, so that each takes longer. */
class Instance {
  readonly limit = new AdaptiveLimit(policyDefaults);
  #now = 0;

  /** Is asked for as much as it lets in, for some seconds. */
  serve(seconds: number, places: number, serviceMs = 10): void {
    for (let second = 0; second < seconds; second++, this.#now += 1_000) {
      const inFlight = this.limit.limit;
      const tookMs = (serviceMs * Math.max(inFlight, places)) / places;
      for (let n = 0; n < 20; n++) this.limit.served("orders.get", tookMs, inFlight, this.#now);
    }
  }
}

test("the limit ends where calls begin to take longer", () => {
  const instance = new Instance();
  assert.equal(instance.limit.limit, policyDefaults.limitMost);
  instance.serve(600, 100);
  const { limit } = instance.limit;
  assert.ok(limit > 100 && limit < 300, String(limit));
});

test("when everything becomes slow, fewer are let in; the room comes back with the pace", () => {
  const instance = new Instance();
  instance.serve(600, 100);
  const before = instance.limit.limit;
  instance.serve(60, 100, 1_000);
  assert.ok(instance.limit.limit < before / 2, `${instance.limit.limit} of ${before}`);
  instance.serve(60, 100);
  assert.ok(instance.limit.limit > before / 2, `${instance.limit.limit} of ${before}`);
});

test("quick calls that come many at once, after a time of one by one, are all let in", () => {
  const limit = new AdaptiveLimit(policyDefaults);
  let now = 0;
  const second = (inFlight: number, tookMs: number): void => {
    for (let n = 0; n < 1_000; n++) limit.served("prices.quote", tookMs, inFlight, now);
    now += 1_000;
  };
  for (let n = 0; n < 60; n++) second(1, 0.02);
  // Each waits for the turns of the others.
  for (let n = 0; n < 60; n++) second(64, 0.6);
  assert.equal(limit.limit, policyDefaults.limitMost);
});

test("an idle instance learns nothing, and the limit has its bounds", () => {
  const idle = new AdaptiveLimit(policyDefaults);
  for (let n = 0; n < 10_000; n++) idle.served("orders.get", 10, 1, n * 1_000);
  assert.equal(idle.limit, policyDefaults.limitMost);
  const wide = new Instance();
  wide.serve(10_000, 100_000);
  assert.equal(wide.limit.limit, policyDefaults.limitMost);
  const narrow = new Instance();
  for (let n = 1; n < 500; n++) narrow.serve(1, 1, 1.1 ** n);
  assert.equal(narrow.limit.limit, policyDefaults.limitLeast);
});

test("another mix of quick and slow operations is no sign of trouble", () => {
  const limit = new AdaptiveLimit(policyDefaults);
  for (let second = 0; second < 120; second++) {
    // First nearly all calls are quick, then nearly all are slow.
    const slow = second < 60 ? 1 : 19;
    for (let n = 0; n < 20; n++)
      limit.served(
        n < slow ? "orders.export" : "orders.get",
        n < slow ? 900 : 5,
        limit.limit,
        second * 1_000,
      );
  }
  assert.ok(limit.limit > 150, String(limit.limit));
});
