// The shop on PostgreSQL and a broker in containers: what takes an order, and who is told of it by an event.
import { app, gateway } from "kerf";
import { catalog } from "shop/catalog/contract";
import { inventory } from "shop/inventory/contract";
import { orders } from "shop/orders/contract";
import { users } from "shop/users/contract";

export default app("backed", {
  services: {
    users: () => import("shop/users/service"),
    catalog: () => import("shop/catalog/service"),
    inventory: () => import("shop/inventory/service"),
    orders: () => import("shop/orders/service"),
    payments: () => import("shop/payments/service"),
    notifications: () => import("shop/notifications/service"),
  },
  units: {
    orders: ["orders"],
    rest: ["users", "catalog", "inventory", "payments", "notifications"],
  },
  gateways: { web: gateway({ expose: [users, catalog, inventory, orders] }) },
});
