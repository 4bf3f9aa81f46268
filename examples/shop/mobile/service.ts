// The backend of the mobile gateway: the same services as the web's, a smaller answer, and less patience.
import { only, optional, service } from "kerf";
import { catalog } from "../catalog/contract.ts";
import { orders } from "../orders/contract.ts";
import { recommendations } from "../recommendations/contract.ts";
import { mobile } from "./contract.ts";

export const mobileBackend = service(mobile, {
  owner: "mobile-team",
  uses: {
    catalog: optional(only(catalog, "featured")),
    orders: optional(only(orders, "recent")),
    recommendations: optional(recommendations),
  },
});

/** How many products fit into a row of the first screen. */
const row = 3;

mobileBackend.implement({
  async home({ compose, principal }) {
    const { parts, degraded } = await compose({
      featured: {
        withinMs: 800,
        from: async ({ catalog }) => (await catalog.featured({ limit: row })).items,
        otherwise: [],
      },
      forYou: {
        withinMs: 500,
        from: async (clients) =>
          (await clients.recommendations.forUser({ userId: principal.subject, limit: row })).items,
        otherwise: [],
      },
      lastOrder: {
        withinMs: 800,
        from: async ({ orders }) => (await orders.recent({ limit: 1 })).items[0],
        otherwise: undefined,
      },
    });
    return { ...parts, degraded };
  },
});

export default mobileBackend;
