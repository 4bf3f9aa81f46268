import { only, postgres, service } from "kerf";
import { catalog } from "../catalog/contract.ts";
import { inventory } from "../inventory/contract.ts";
import { payments } from "../payments/contract.ts";
import { orders } from "./contract.ts";
import type { Tables } from "./tables.generated.ts";

/** The order service: what it owns and whom it calls. Handlers and checkout hang on it. */
export const ordersService = service(orders, {
  owner: "checkout-team",
  database: postgres<Tables>({ migrations: new URL("./migrations", import.meta.url) }),
  uses: {
    catalog: only(catalog, "lookup"),
    inventory: only(inventory, "reserve", "release", "ship"),
    payments,
  },
});
