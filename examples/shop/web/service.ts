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
const withinMs = 1_000;

webBackend.implement({
  async home({ compose, principal }) {
    const { parts, degraded } = await compose({
      featured: {
        withinMs,
        from: async ({ catalog }) => (await catalog.featured({})).items,
        otherwise: [],
      },
      recommendations: {
        withinMs,
        from: async (clients) =>
          (await clients.recommendations.forUser({ userId: principal.subject })).items,
        otherwise: [],
      },
      recentOrders: {
        withinMs,
        from: async ({ orders }) => (await orders.recent({})).items,
        otherwise: [],
      },
    });
    return { ...parts, degraded };
  },
});

export default webBackend;
