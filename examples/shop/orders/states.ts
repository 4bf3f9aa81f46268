import { type Emit, type Kysely, sql } from "kerf";
import type { z } from "zod";
import type { orders, OrderStatus } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

/** Where an order can be. */
export type Status = z.infer<typeof OrderStatus>;

const next: Readonly<Record<Status, readonly Status[]>> = {
  pending: ["reserved", "rejected"],
  reserved: ["authorised", "rejected"],
  authorised: ["confirmed", "rejected"],
  confirmed: [],
  rejected: [],
};

/** Whether an order may go from one state to the other. */
export function mayMove(from: Status, to: Status): boolean {
  return next[from].includes(to);
}

/** Whether this is where an order ends. */
export function isFinal(status: Status): boolean {
  return next[status].length === 0;
}

/** Moves an order to another state and says so when that is its end. Throws when it cannot go there from where it is. */
export async function move(
  db: Kysely<Tables>,
  emit: Emit<typeof orders>,
  orderId: string,
  to: Status,
  reason: string | null = null,
): Promise<void> {
  const from = (Object.keys(next) as Status[]).filter((status) => mayMove(status, to));
  const { user_id } = await db
    .updateTable("orders")
    .set({ status: to, reason })
    .where("id", "=", orderId)
    .where("status", "in", from)
    .returning("user_id")
    .executeTakeFirstOrThrow();
  await db
    .insertInto("order_states")
    .columns(["order_id", "sequence", "status", "reason"])
    .expression((build) =>
      build
        .selectFrom("order_states")
        .select([
          sql<string>`${orderId}::uuid`.as("order_id"),
          sql<number>`max(sequence) + 1`.as("sequence"),
          sql<Status>`${to}::order_status`.as("status"),
          sql<string | null>`${reason}::text`.as("reason"),
        ])
        .where("order_id", "=", orderId),
    )
    .execute();
  if (to === "confirmed" || to === "rejected") emit.ended({ orderId, userId: user_id, status: to });
}
