import assert from "node:assert/strict";
import { test } from "node:test";
import { KerfError } from "@kerf/kernel";
import { packLatency } from "../load/latency-histogram.ts";
import { neighbourhood } from "../testing/neighbourhood.ts";
import { shelf, shelfService } from "../testing/shelf.ts";

/** How many calls of an operation were measured. */
function measured(latency: { counts: ArrayLike<number> }): number {
  return packLatency(latency.counts).reduce(
    (sum, count, at) => sum + (at % 2 === 1 ? count : 0),
    0,
  );
}

test("calls in flight are those from outside; what failed is what this side answers for", async () => {
  const gate = Promise.withResolvers<void>();
  const fails = ["internal", "unavailable", "conflict", "not_found"];
  const { inbound, context } = neighbourhood(
    shelfService({
      put: async () => {
        const code = fails.shift();
        if (code !== undefined) throw new KerfError(code, "It fails.");
        await gate.promise;
        return { id: "a" };
      },
    }),
  );
  const put = () =>
    inbound.call({ service: "shelf", operation: "put", input: { id: "a" }, context: context() });
  while (fails.length > 0) await assert.rejects(put());
  const last = put();
  assert.equal(inbound.load.inFlight, 1);
  gate.resolve();
  await last;
  assert.equal(inbound.load.inFlight, 0);
  const { calls, failed, latency } = [...inbound.load.operations()].find(
    ({ name }) => name === "shelf.put",
  ) as never as { calls: number; failed: number; latency: { counts: Uint32Array } };
  assert.deepEqual([calls, failed, measured(latency)], [5, 2, 5]);
});

test("of the calls inside of a program one in sixteen is measured, and counts for all of them", async () => {
  const { caller, inbound, context } = neighbourhood(shelfService({}));
  for (let i = 0; i < 32; i++)
    await caller.bind(shelf, { caller: "shelf" })(context()).get({ id: "a" });
  const get = [...inbound.load.operations()].find(({ name }) => name === "shelf.get");
  assert.ok(get);
  assert.equal(get.calls, 32);
  assert.equal(measured(get.latency), 32);
});

test("an open stream is told as such, and is no call in flight", async () => {
  const { inbound, context } = neighbourhood(shelfService());
  const items = inbound.stream({
    service: "shelf",
    operation: "count",
    input: { to: 3 },
    context: context(),
  });
  await items.next();
  assert.deepEqual([inbound.load.streams, inbound.load.inFlight], [1, 0]);
  await items.return?.();
  assert.equal(inbound.load.streams, 0);
});
