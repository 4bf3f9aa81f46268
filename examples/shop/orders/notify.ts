import type { Client, ClientsOf, Kysely } from "kerf";
import type { notifications } from "../notifications/contract.ts";
import type { orders } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

/** How many customers one run tells. */
const batch = 50;

/** Tells customers how their orders ended; what cannot be told now is told later, and holds no order up. Answers whether there are more. */
export async function notifyCustomers(run: {
  clients: ClientsOf<{ notifications: typeof notifications }>;
  self: Client<typeof orders>;
  db: Kysely<Tables>;
}): Promise<boolean> {
  const ended = await run.db
    .selectFrom("orders")
    .select(["id", "user_id", "status"])
    .where("status", "in", ["confirmed", "rejected"])
    .where("notified", "=", false)
    .orderBy("created_at")
    .limit(batch)
    .execute();
  for (const { id, user_id, status } of ended) {
    const kind = status === "confirmed" ? "order-confirmed" : "order-rejected";
    await run.clients.notifications.notify({ orderId: id, userId: user_id, kind });
    await run.self.markNotified({ id });
  }
  return ended.length === batch;
}
