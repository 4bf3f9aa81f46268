import { contract, query } from "kerf/contract";
import { z } from "zod";
import { Money } from "../catalog/contract.ts";
import { OrderStatus } from "../orders/contract.ts";

/** What a list on a small screen shows of a product. */
const Tile = z.object({ sku: z.string(), name: z.string(), price: Money });

/** What phones need in one answer: less than browsers, since each byte goes over the air. */
export const mobile = contract("mobile", {
  version: "1.0.0",
  operations: {
    home: query({
      summary: "The first screen; parts that cannot be had now are empty and named in `degraded`.",
      http: "GET /home",
      input: z.object({}),
      output: z.object({
        featured: z.array(Tile),
        forYou: z.array(Tile),
        lastOrder: z.object({ id: z.string(), status: OrderStatus }).optional(),
        degraded: z.array(z.enum(["featured", "forYou", "lastOrder"])),
      }),
    }),
  },
});
