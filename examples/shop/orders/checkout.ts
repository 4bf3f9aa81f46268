import { safe } from "kerf";
import { z } from "zod";
import { ordersService } from "./declaration.ts";
import { move } from "./states.ts";

/**
 * From a pending order to a confirmed or rejected one. What it does to the stock and to the customer's money is undone when a later step
 * fails; once the order is confirmed, the rest is done however long it takes.
 */
export const checkout = ordersService.saga(
  "checkout",
  { version: 1, input: z.object({ orderId: z.string() }) },
  async (s, { orderId }) => {
    const order = await s.local(
      "open",
      async ({ db }) => {
        const { total_amount, currency, payment_method } = await db
          .selectFrom("orders")
          .select(["total_amount", "currency", "payment_method"])
          .where("id", "=", orderId)
          .executeTakeFirstOrThrow();
        const lines = await db
          .selectFrom("order_lines")
          .select(["sku", "quantity"])
          .where("order_id", "=", orderId)
          .execute();
        const method = payment_method === "card-ok" ? "card-ok" : "card-declined";
        return { lines, total: { amount: total_amount, currency }, method } as const;
      },
      { undo: ({ db, emit }, _, { message }) => move(db, emit, orderId, "rejected", message) },
    );

    const reserved = await safe(
      s.call(
        "reserve",
        s.clients.inventory.reserve,
        { orderId, lines: order.lines },
        { undo: () => s.clients.inventory.release({ orderId }) },
      ),
    );
    if (!reserved.ok) throw s.fail(reasonOf(reserved.error));
    await s.local("reserved", ({ db, emit }) => move(db, emit, orderId, "reserved"));

    const { total, method } = order;
    const { state } = await s.call(
      "authorise",
      s.clients.payments.authorise,
      { orderId, total, method },
      { undo: () => s.clients.payments.void({ orderId }) },
    );
    if (state !== "authorised") throw s.fail("payment declined");
    await s.local("authorised", ({ db, emit }) => move(db, emit, orderId, "authorised"));

    await s.local("confirm", ({ db, emit }) => move(db, emit, orderId, "confirmed"), {
      pivot: true,
    });
    await s.call("capture", s.clients.payments.capture, { orderId });
    await s.call("ship", s.clients.inventory.ship, { orderId });
  },
);

function reasonOf(error: { readonly code: string; readonly data?: unknown }): string {
  return error.code === "outOfStock"
    ? `out of stock: ${(error.data as { sku: string }).sku}`
    : "the reservation was given back";
}
