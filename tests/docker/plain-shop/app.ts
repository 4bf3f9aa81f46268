// The shop as it leaves the platform: what needs no other language, in two units, behind one gateway.
import { app, gateway } from "kerf";
import { catalog } from "shop/catalog/contract";
import { inventory } from "shop/inventory/contract";
import { orders } from "shop/orders/contract";
import { search } from "shop/search/contract";
import { users } from "shop/users/contract";

export default app("plain", {
  services: {
    users: () => import("shop/users/service"),
    catalog: () => import("shop/catalog/service"),
    search: () => import("shop/search/service"),
    inventory: () => import("shop/inventory/service"),
    orders: () => import("shop/orders/service"),
    payments: () => import("shop/payments/service"),
  },
  units: { orders: ["orders"], rest: ["users", "catalog", "search", "inventory", "payments"] },
  limits: { orders: { memory: "256MB", cpus: 1.5 } },
  gateways: { web: gateway({ expose: [users, catalog, search, inventory, orders] }) },
});
