// The backend of the web gateway: it composes, and keeps nothing.
import { optional, service } from "kerf";
import { catalog } from "../catalog/contract.ts";
import { orders } from "../orders/contract.ts";
import { recommendations } from "../recommendations/contract.ts";
import { web } from "./contract.ts";

export const webBackend = service(web, {
  owner: "web-team",
  uses: {
    catalog: optional(catalog),
    orders: optional(orders),
    recommendations: optional(recommendations),
  },
});

/** How long a part of the page may take, milliseconds; a page without a part is better than no page. */
const partMs = 1_000;

type Part = "featured" | "recommendations" | "recentOrders";

webBackend.implement({
  async home({ clients, principal, log }) {
    const degraded: Part[] = [];
    async function part<T>(name: Part, call: Promise<{ items: T[] }>): Promise<T[]> {
      try {
        return (await call).items;
      } catch (reason) {
        log.warn("a part of the home page is missing", { part: name, error: reason });
        degraded.push(name);
        return [];
      }
    }
    const options = { deadlineMs: partMs };
    const [featured, recommended, recentOrders] = await Promise.all([
      part("featured", clients.catalog.featured({}, options)),
      part(
        "recommendations",
        clients.recommendations.forUser({ userId: principal.subject }, options),
      ),
      part("recentOrders", clients.orders.recent({}, options)),
    ]);
    return { featured, recommendations: recommended, recentOrders, degraded: degraded.sort() };
  },
});

export default webBackend;
