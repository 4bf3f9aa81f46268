import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "@kerf/contract";
import { KerfError } from "@kerf/kernel";
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
