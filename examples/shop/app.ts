// The shop: eight services, and a front door for each kind of client. Where each runs is decided at the start, never in their code.
import { apiKeys, app, gateway, only } from "kerf";
import { catalog } from "./catalog/contract.ts";
import { inventory } from "./inventory/contract.ts";
import { notifications } from "./notifications/contract.ts";
import { orders } from "./orders/contract.ts";
import { search } from "./search/contract.ts";
import { users } from "./users/contract.ts";

/** Keys of partners: `kerf keys create --file partner-keys.json --subject NAME`. Tests bring their own. */
const partnerKeys = process.env["SHOP_PARTNER_KEYS"] ?? "./partner-keys.json";

export default app("shop", {
  services: {
    users: () => import("./users/service.ts"),
    catalog: () => import("./catalog/service.ts"),
    search: () => import("./search/service.ts"),
    inventory: () => import("./inventory/service.ts"),
    orders: () => import("./orders/service.ts"),
    payments: () => import("./payments/service.ts"),
    notifications: () => import("./notifications/service.ts"),
    recommendations: () => import("./recommendations/service.ts"),
  },
  // Buttons on the dashboard's map while the shop is developed, for whoever sees it for the first time.
  demonstrations: {
    "place an order": {
      call: "orders.place",
      input: { items: [{ sku: "glue-hide", quantity: 1 }], payment: { method: "card-ok" } },
      as: "ada",
    },
    "break recommendations": { stop: "recommendations" },
  },
  gateways: {
    web: gateway({
      expose: [users, catalog, search, inventory, orders, notifications],
      backend: () => import("./web/service.ts"),
    }),
    mobile: gateway({
      expose: [
        users,
        search,
        only(catalog, "list", "get"),
        only(orders, "place", "get", "watch"),
        only(notifications, "inbox"),
      ],
      backend: () => import("./mobile/service.ts"),
    }),
    // Programs of others: they read the catalogue, and how far the orders of their own account are.
    partner: gateway({
      expose: [only(catalog, "list", "get"), only(orders, "get", "recent")],
      authentication: [apiKeys({ file: partnerKeys, optional: true })],
      limits: [{ by: "key", rate: { requests: 120, perMs: 60_000 }, burst: 20 }],
    }),
  },
});
