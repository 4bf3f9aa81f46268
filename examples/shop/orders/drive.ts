import { type Client, type ClientsOf, type Kysely, type Logger, safe } from "kerf";
import type { inventory } from "../inventory/contract.ts";
import type { payments } from "../payments/contract.ts";
import type { orders } from "./contract.ts";
import type { Status } from "./states.ts";
import type { Tables } from "./tables.generated.ts";

/** How many open orders one run takes on. */
const batch = 50;

interface Drive {
  clients: ClientsOf<{ inventory: typeof inventory; payments: typeof payments }>;
  self: Client<typeof orders>;
  db: Kysely<Tables>;
  log: Logger;
}

interface OpenOrder {
  id: string;
  status: Status;
  total_amount: number;
  currency: string;
  payment_method: string;
}

/**
 * Takes every open order one step further; each step is a command of its own, and each can be repeated, so a run that
 * ends in the middle is taken up by the next. Answers whether to look again at once. Once sagas exist, the checkout is one.
 */
export async function driveOrders(drive: Drive): Promise<boolean> {
  const open = await drive.db
    .selectFrom("orders")
    .select(["id", "status", "total_amount", "currency", "payment_method"])
    .where("status", "not in", ["confirmed", "rejected"])
    .orderBy("created_at")
    .limit(batch)
    .execute();
  const results = await Promise.allSettled(open.map((order) => step(drive, order)));
  const failed = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason as unknown] : [],
  );
  if (failed.length === 0) return open.length > 0;
  const error = new AggregateError(
    failed,
    `${failed.length} of ${open.length} open orders could not be taken further`,
  );
  // When nothing moves, something is down: throwing makes the next run wait ever longer.
  if (failed.length === open.length) throw error;
  drive.log.warn("some orders wait for the next run", { error });
  return false;
}

async function step(drive: Drive, order: OpenOrder): Promise<void> {
  switch (order.status) {
    case "pending":
      return reserve(drive, order);
    case "reserved":
      return authorise(drive, order);
    case "authorised":
      return confirm(drive, order);
    case "confirmed":
    case "rejected":
      return;
  }
}

async function reserve({ clients, self, db }: Drive, { id }: OpenOrder): Promise<void> {
  const lines = await db
    .selectFrom("order_lines")
    .select(["sku", "quantity"])
    .where("order_id", "=", id)
    .execute();
  const result = await safe(clients.inventory.reserve({ orderId: id, lines }));
  if (result.ok) {
    await self.advance({ id, from: "pending", to: "reserved" });
  } else {
    const reason =
      result.error.code === "outOfStock"
        ? `out of stock: ${result.error.data.sku}`
        : "the reservation was given back";
    await self.advance({ id, from: "pending", to: "rejected", reason });
  }
}

async function authorise({ clients, self }: Drive, order: OpenOrder): Promise<void> {
  const total = { amount: order.total_amount, currency: order.currency };
  const method = order.payment_method === "card-ok" ? "card-ok" : "card-declined";
  const { state } = await clients.payments.authorise({ orderId: order.id, total, method });
  if (state === "authorised" || state === "captured") {
    await self.advance({ id: order.id, from: "reserved", to: "authorised" });
  } else {
    await clients.inventory.release({ orderId: order.id });
    await self.advance({
      id: order.id,
      from: "reserved",
      to: "rejected",
      reason: "payment declined",
    });
  }
}

async function confirm({ clients, self }: Drive, { id }: OpenOrder): Promise<void> {
  await clients.payments.capture({ orderId: id });
  await clients.inventory.ship({ orderId: id });
  await self.advance({ id, from: "authorised", to: "confirmed" });
}
