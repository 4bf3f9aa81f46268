import assert from "node:assert/strict";
import { test } from "node:test";
import { startService } from "kerf/testing";
import { orders } from "../orders/contract.ts";
import notifications from "./service.ts";

test("a customer is told how an order ended", async () => {
  await using messages = await startService(notifications);
  await messages.receive(orders, "ended", { orderId: "a", userId: "ada", status: "confirmed" });
  const { items } = await messages.as("ada").inbox({});
  assert.deepEqual(items, [
    { orderId: "a", kind: "order-confirmed", text: "Your order is confirmed and on its way." },
  ]);
});

test("the inbox is one's own, newest first", async () => {
  await using messages = await startService(notifications);
  const { client } = messages;
  await messages.receive(orders, "ended", { orderId: "a", userId: "ada", status: "confirmed" });
  await messages.receive(orders, "ended", { orderId: "b", userId: "ada", status: "rejected" });
  await messages.receive(orders, "ended", { orderId: "c", userId: "grace", status: "confirmed" });
  const { items } = await messages.as("ada").inbox({});
  assert.deepEqual(
    items.map((item) => item.orderId),
    ["b", "a"],
  );
  assert.equal((await messages.as("ada").inbox({ limit: 1 })).items.length, 1);
  await assert.rejects(client.inbox({}), { code: "unauthenticated" });
});
