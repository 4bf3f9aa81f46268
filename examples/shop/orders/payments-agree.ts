import { sql } from "kerf";
import { ordersService } from "./declaration.ts";

/** What an order and its payment say about the customer's money. */
interface Charge {
  readonly key: string;
  readonly at: string;
  readonly amount: number;
  readonly captured: boolean;
}

/** A confirmed order is paid for, and nothing else is. */
ordersService.reconcile<Charge>("payments-agree", {
  at: { cron: "15 3 * * *", timeZone: "Europe/Berlin" },
  async ours({ db, after, limit }) {
    const order = sql<string>`orders.id::text COLLATE "C"`;
    let page = db
      .selectFrom("orders")
      .innerJoin("order_states", (join) =>
        join.onRef("order_id", "=", "id").on("order_states.status", "=", "confirmed"),
      )
      .select([order.as("key"), "total_amount", "entered_at"])
      .orderBy(order)
      .limit(limit);
    if (after !== undefined) page = page.where(order, ">", after);
    const rows = await page.execute();
    return rows.map(({ key, total_amount, entered_at }) => ({
      key,
      at: entered_at.toISOString(),
      amount: total_amount,
      captured: true,
    }));
  },
  async theirs({ clients, after, limit }) {
    const { items } = await clients.payments.charges({ limit, ...(after && { after }) });
    return items.map(({ orderId, state, amount, changedAt }) => ({
      key: orderId,
      at: changedAt,
      amount,
      captured: state === "captured",
    }));
  },
  async repair({ key, kind, ours, theirs }, { clients, db }) {
    if (theirs?.captured !== false || (ours !== undefined && ours.amount !== theirs.amount))
      // Taken for no order, not even held, or another amount: a person decides.
      return false;
    if (kind === "different") {
      await clients.payments.capture({ orderId: key });
      return true;
    }
    // Held for an order that is confirmed nowhere: given back, unless its checkout still goes on.
    const order = await db
      .selectFrom("orders")
      .select("status")
      .where("id", "=", key)
      .executeTakeFirst();
    if (order !== undefined && order.status !== "rejected") return false;
    return (await clients.payments.void({ orderId: key })).voided;
  },
});
