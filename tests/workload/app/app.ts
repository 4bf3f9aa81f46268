// The shop with two services beside it that make mistakes of the platform visible: counters that only grow, and a witness of all events.
import { app, gateway } from "kerf";
import { catalog } from "shop/catalog/contract";
import { inventory } from "shop/inventory/contract";
import { notifications } from "shop/notifications/contract";
import { orders } from "shop/orders/contract";
import { search } from "shop/search/contract";
import { users } from "shop/users/contract";
import { counters } from "./counters/contract.ts";

export default app("chaos", {
  services: {
    users: () => import("shop/users/service"),
    catalog: () => import("shop/catalog/service"),
    search: () => import("shop/search/service"),
    inventory: () => import("shop/inventory/service"),
    orders: () => import("shop/orders/service"),
    payments: () => import("shop/payments/service"),
    notifications: () => import("shop/notifications/service"),
    recommendations: () => import("shop/recommendations/service"),
    counters: () => import("./counters/service.ts"),
    witness: () => import("./witness/service.ts"),
  },
  gateways: {
    web: gateway({
      expose: [users, catalog, search, inventory, orders, notifications, counters],
      backend: () => import("shop/web/service"),
    }),
  },
});
