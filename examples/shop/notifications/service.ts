import { postgres, service } from "kerf";
import { notifications } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

export const notificationsService = service(notifications, {
  owner: "messaging-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
});

const texts = {
  "order-confirmed": "Your order is confirmed and on its way.",
  "order-rejected": "Your order could not be fulfilled; nothing was charged.",
} as const;

notificationsService.implement({
  async notify({ input, db }) {
    const sent = await db
      .insertInto("messages")
      .values({
        user_id: input.userId,
        order_id: input.orderId,
        kind: input.kind,
        body: texts[input.kind],
      })
      .onConflict((conflict) => conflict.columns(["order_id", "kind"]).doNothing())
      .returning("id")
      .executeTakeFirst();
    return { sent: sent !== undefined };
  },

  async inbox({ input, db, principal }) {
    const rows = await db
      .selectFrom("messages")
      .select(["order_id", "kind", "body"])
      .where("user_id", "=", principal.subject)
      .orderBy("id", "desc")
      .limit(input.limit)
      .execute();
    return {
      items: rows.map((row) => ({
        orderId: row.order_id,
        kind: row.kind as keyof typeof texts,
        text: row.body,
      })),
    };
  },
});

export default notificationsService;
