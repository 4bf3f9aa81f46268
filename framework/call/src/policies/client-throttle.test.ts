import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { KerfError, seededRandom } from "@kerf/kernel";
import { ClientThrottle } from "./client-throttle.ts";
import { policyDefaults } from "./defaults.ts";

const throttle = (seed = 1) => new ClientThrottle("shelf", policyDefaults, seededRandom(seed));

/** Sends `count` calls at `now`, of which the callee takes the share `takes`; answers how many were sent. */
function send(
  one: ClientThrottle,
  count: number,
  takes: (n: number) => boolean,
  now: number,
): number {
  let sent = 0;
  for (let n = 0; n < count; n++) {
    try {
      one.admit(now);
    } catch (error) {
      assert.equal((error as KerfError).code, "overloaded");
      assert.equal((error as KerfError).retry, "not-executed");
      continue;
    }
    one.settled(!takes(sent++), now);
  }
  return sent;
}

test("nothing is refused while at least half of the calls are taken", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.integer(), (count, seed) => {
      assert.equal(
        send(throttle(seed), count, (n) => n % 2 === 0, 0),
        count,
      );
    }),
  );
});

test("a callee that takes nothing gets few calls, but some", () => {
  const sent = send(throttle(), 10_000, () => false, 0);
  assert.ok(sent > 20 && sent < 80, String(sent));
});

test("it is noticed when the callee serves again", () => {
  const one = throttle();
  send(one, 1_000, () => false, 0);
  assert.ok(one.refusal(0) > 0.99);
  assert.equal(one.refusal(policyDefaults.throttleWindowMs + 1_000), 0);
  assert.equal(
    send(one, 100, () => true, policyDefaults.throttleWindowMs + 1_000),
    100,
  );
});
