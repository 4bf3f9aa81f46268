import { postgres, service, sql } from "kerf";
import { inventory } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

export const inventoryService = service(inventory, {
  owner: "warehouse-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
});

inventoryService.implement({
  async available({ input, db, errors }) {
    const row = await db
      .selectFrom("stock")
      .select(sql<number>`on_hand - reserved`.as("available"))
      .where("sku", "=", input.sku)
      .executeTakeFirst();
    if (row === undefined) throw errors.notFound({ sku: input.sku });
    return { sku: input.sku, available: row.available };
  },

  async reserve({ input, db, emit, errors }) {
    const created = await db
      .insertInto("reservations")
      .values({ order_id: input.orderId, state: "held" })
      .onConflict((conflict) => conflict.column("order_id").doNothing())
      .returning("order_id")
      .executeTakeFirst();
    if (created === undefined) {
      const { state } = await db
        .selectFrom("reservations")
        .select("state")
        .where("order_id", "=", input.orderId)
        .executeTakeFirstOrThrow();
      if (state === "released") throw errors.alreadyReleased();
      return { reserved: true };
    }
    // In the order of SKUs, so that two orders never wait for each other in a circle.
    for (const [sku, quantity] of [...quantities(input.lines)].sort(([a], [b]) =>
      a < b ? -1 : 1,
    )) {
      const taken = await db
        .updateTable("stock")
        .set({ reserved: sql`reserved + ${quantity}` })
        .where("sku", "=", sku)
        .where(sql<boolean>`on_hand - reserved >= ${quantity}`)
        .returning("sku")
        .executeTakeFirst();
      if (taken === undefined) {
        const row = await db
          .selectFrom("stock")
          .select(sql<number>`on_hand - reserved`.as("available"))
          .where("sku", "=", sku)
          .executeTakeFirst();
        throw errors.outOfStock({ sku, available: row?.available ?? 0 });
      }
      await db
        .insertInto("reservation_lines")
        .values({ order_id: input.orderId, sku, quantity })
        .execute();
    }
    emit.moved({ orderId: input.orderId, state: "held" });
    return { reserved: true };
  },

  async release({ input, db, emit }) {
    // An order that was never kept is marked too: a reservation that arrives late must find it closed.
    const inserted = await db
      .insertInto("reservations")
      .values({ order_id: input.orderId, state: "released" })
      .onConflict((conflict) => conflict.column("order_id").doNothing())
      .returning("order_id")
      .executeTakeFirst();
    if (inserted !== undefined) return { released: false };
    const closed = await db
      .updateTable("reservations")
      .set({ state: "released", changed_at: sql`now()` })
      .where("order_id", "=", input.orderId)
      .where("state", "=", "held")
      .returning("order_id")
      .executeTakeFirst();
    if (closed === undefined) return { released: false };
    await sql`
      UPDATE stock SET reserved = reserved - line.quantity
      FROM reservation_lines line WHERE line.order_id = ${input.orderId} AND line.sku = stock.sku`.execute(
      db,
    );
    emit.moved({ orderId: input.orderId, state: "released" });
    return { released: true };
  },

  async ship({ input, db, emit }) {
    const closed = await db
      .updateTable("reservations")
      .set({ state: "shipped", changed_at: sql`now()` })
      .where("order_id", "=", input.orderId)
      .where("state", "=", "held")
      .returning("order_id")
      .executeTakeFirst();
    if (closed === undefined) return { shipped: false };
    await sql`
      UPDATE stock SET on_hand = on_hand - line.quantity, reserved = reserved - line.quantity
      FROM reservation_lines line WHERE line.order_id = ${input.orderId} AND line.sku = stock.sku`.execute(
      db,
    );
    emit.moved({ orderId: input.orderId, state: "shipped" });
    return { shipped: true };
  },
});

/** The same product on two lines counts together. */
function quantities(lines: readonly { sku: string; quantity: number }[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const line of lines) sums.set(line.sku, (sums.get(line.sku) ?? 0) + line.quantity);
  return sums;
}

export default inventoryService;
