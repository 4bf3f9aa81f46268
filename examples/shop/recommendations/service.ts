import { createHash } from "node:crypto";
import { service } from "kerf";
import { catalog } from "../catalog/contract.ts";
import { recommendations } from "./contract.ts";

export const recommendationsService = service(recommendations, {
  owner: "discovery-team",
  uses: { catalog },
});

const dayMs = 86_400_000;

recommendationsService.implement({
  async forUser({ input, clients, clock }) {
    const { items } = await clients.catalog.list({ limit: 100 });
    const day = Math.floor(clock.wall() / dayMs);
    const rank = (sku: string): string =>
      createHash("sha256").update(`${input.userId} ${day} ${sku}`).digest("hex");
    const ranked = items
      .map((product) => ({ product, rank: rank(product.sku) }))
      .sort((a, b) => (a.rank < b.rank ? -1 : 1));
    return { items: ranked.slice(0, input.limit).map(({ product }) => product) };
  },
});

export default recommendationsService;
