import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
import { StaticDiscovery } from "./discovery/static.ts";
import { neighbourhood } from "./testing/neighbourhood.ts";
import { shelf, shelfService } from "./testing/shelf.ts";

test("a call in the process passes both schemas: stripped, copied, nothing shared", async () => {
  let received: unknown;
  const { caller, context } = neighbourhood(
    shelfService({
      get: async ({ input }) => {
        received = input;
        return { id: "a", title: "T", secret: 1 };
      },
    }),
  );
  const client = caller.bind(shelf, { caller: "reader" })(context());
  const input = { id: "a", more: true };
  assert.deepEqual(await client.get(input), { id: "a", title: "T" });
  assert.deepEqual(received, { id: "a" });
  assert.notEqual(received, input);
});

test("a declared error arrives as a value with safe()", async () => {
  const { caller, context } = neighbourhood(shelfService());
  const client = caller.bind(shelf, { caller: "reader" })(context());
  const { ok, error } = await safe(client.get({ id: "none" }));
  assert.equal(ok, false);
  assert.equal(error?.code, "notFound");
  assert.deepEqual(error?.data, { id: "none" });
});

test("a stream is pulled item by item and ends", async () => {
  const { caller, context, inbound } = neighbourhood(shelfService());
  const client = caller.bind(shelf, { caller: "reader" })(context());
  const seen: number[] = [];
  for await (const { n } of client.count({ to: 3 }, { after: "1" })) seen.push(n);
  assert.deepEqual(seen, [2, 3]);
  assert.equal(inbound.inFlight, 0);
});

test("a call inside an open transaction is refused and says what to do", async () => {
  const { caller, context } = neighbourhood(shelfService());
  const inside = context();
  inside.transactionOpen = true;
  const client = caller.bind(shelf, { caller: "reader" })(inside);
  await assert.rejects(
    async () => client.get({ id: "a" }),
    (error: KerfError) =>
      error.code === "call_in_transaction" && /before the first statement/.test(error.fix ?? ""),
  );
});

test("untyped calls take the same path, under the name of their context's caller", async () => {
  const { caller, context } = neighbourhood(shelfService());
  const call = {
    service: "shelf",
    operation: "internal",
    kind: "query",
    input: {},
    context: context({ caller: "orders" }),
  } as const;
  assert.deepEqual(await caller.send(call), { caller: "orders" });
  const items = caller.send({
    ...call,
    operation: "count",
    kind: "stream",
    input: { to: 2 },
    after: "1",
  }) as AsyncIterable<unknown>;
  assert.deepEqual(await Array.fromAsync(items), [{ n: 2 }]);
});

test("an untyped call has the deadline of its context, also beyond the default", async () => {
  let left = 0;
  const { caller, context } = neighbourhood(
    shelfService({
      get: async ({ context: { remainingMs } }) => {
        left = remainingMs;
        return { id: "a", title: "T" };
      },
    }),
  );
  const call = { service: "shelf", operation: "get", kind: "query", input: { id: "a" } } as const;
  await caller.send({ ...call, context: context({ deadlineMs: 60_000 }) });
  assert.ok(left > 15_000, `${left} ms were left`);
});

test("an operation that the service here does not have rejects, it does not throw", async () => {
  const { caller, context } = neighbourhood(shelfService());
  const call = caller.send({
    service: "shelf",
    operation: "burn",
    kind: "query",
    input: {},
    context: context(),
  });
  await assert.rejects(call as Promise<unknown>, { code: "unknown_operation" });
});

test("an internal error in the process is as final as one from afar, an outage is retried at both distances", async () => {
  let ran = 0;
  const { caller, context, clock } = neighbourhood(
    shelfService({
      get: async () => {
        ran++;
        throw ran === 1
          ? new Error("a bug")
          : new KerfError("unavailable", "The database is away.");
      },
    }),
  );
  const client = caller.bind(shelf, { caller: "reader" })(context());
  await assert.rejects(client.get({ id: "a" }), { code: "internal" });
  assert.equal(ran, 1);
  const call = assert.rejects(client.get({ id: "a" }), { code: "unavailable" });
  await clock.advance(100);
  await call;
  assert.equal(ran, 1 + 3);
});

test("a caller that has stopped calls nobody", async () => {
  const { caller, context, clock } = neighbourhood(shelfService(), {
    far: true,
    discovery: new StaticDiscovery({ shelf: ["a"] }),
  });
  await caller.stop();
  const call = assert.rejects(
    caller.bind(shelf, { caller: "reader" })(context()).put({ id: "a" }),
    { code: "unavailable" },
  );
  await clock.advance(100);
  await call;
});
