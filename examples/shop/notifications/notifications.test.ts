import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "kerf/testing";
import notifications from "./service.ts";

const confirmed = { orderId: "a", userId: "ada", kind: "order-confirmed" } as const;

test("a customer is told once, however often it is tried", async () => {
  await using messages = await startService(notifications);
  const { client } = messages;
  const sent = await Promise.all([1, 2, 3].map(() => client.notify(confirmed)));
  assert.equal(sent.filter((answer) => answer.sent).length, 1);
  const { items } = await messages.as("ada").inbox({});
  assert.deepEqual(items, [
    { orderId: "a", kind: "order-confirmed", text: "Your order is confirmed and on its way." },
  ]);
});

test("the inbox is one's own, newest first", async () => {
  await using messages = await startService(notifications);
  const { client } = messages;
  await client.notify(confirmed);
  await client.notify({ ...confirmed, orderId: "b", kind: "order-rejected" });
  await client.notify({ ...confirmed, orderId: "c", userId: "grace" });
  const { items } = await messages.as("ada").inbox({});
  assert.deepEqual(
    items.map((item) => item.orderId),
    ["b", "a"],
  );
  assert.equal((await messages.as("ada").inbox({ limit: 1 })).items.length, 1);
  await assert.rejects(client.inbox({}), { code: "unauthenticated" });
});
