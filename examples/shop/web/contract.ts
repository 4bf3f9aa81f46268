import { contract, query } from "kerf/contract";
import { z } from "zod";
import { Money, Product } from "../catalog/contract.ts";
import { OrderStatus } from "../orders/contract.ts";

/** What browsers need in one answer. */
export const web = contract("web", {
  version: "1.0.0",
  operations: {
    home: query({
      summary: "The home page; parts that cannot be had now are empty and named in `degraded`.",
      http: "GET /home",
      input: z.object({}),
      output: z.object({
        featured: z.array(Product),
        recommendations: z.array(Product),
        recentOrders: z.array(z.object({ id: z.string(), status: OrderStatus, total: Money })),
        degraded: z.array(z.enum(["featured", "recommendations", "recentOrders"])),
      }),
    }),
  },
});
