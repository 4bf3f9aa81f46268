import { postgres, service } from "kerf";
import { orders } from "../orders/contract.ts";
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

notificationsService.on(orders, {
  async ended({ event: { payload }, db }) {
    const kind = `order-${payload.status}` as const;
    await db
      .insertInto("messages")
      .values({ user_id: payload.userId, order_id: payload.orderId, kind, body: texts[kind] })
      .execute();
  },
});

export default notificationsService;
