import { command, contract, error, event, query } from "kerf/contract";
import { z } from "zod";

/** An amount in the smallest unit of its currency, such as cents. */
export const Money = z.object({ amount: z.int().min(0), currency: z.string().length(3) });

/** Something that can be bought. */
export const Product = z.object({
  sku: z.string(),
  name: z.string(),
  description: z.string(),
  price: Money,
});

/** What the shop sells, and for how much. */
export const catalog = contract("catalog", {
  version: "1.0.0",
  operations: {
    list: query({
      summary: "Products by SKU, a page at a time.",
      http: "GET /products",
      access: "public",
      input: z.object({
        limit: z.int().min(1).max(100).default(20),
        cursor: z.string().max(64).optional(),
      }),
      output: z.object({ items: z.array(Product), next: z.string().optional() }),
    }),
    get: query({
      summary: "One product.",
      http: "GET /products/{sku}",
      access: "public",
      input: z.object({ sku: z.string().max(64) }),
      output: Product,
      errors: {
        notFound: error({
          status: 404,
          message: "There is no such product.",
          data: z.object({ sku: z.string() }),
        }),
      },
    }),
    lookup: query({
      summary: "The products of these SKUs; unknown ones are left out.",
      access: "service",
      input: z.object({ skus: z.array(z.string().max(64)).max(100) }),
      output: z.object({ items: z.array(Product) }),
    }),
    put: command({
      summary: "Adds a product, or changes it.",
      access: "service",
      input: Product,
      output: z.object({ sku: z.string() }),
    }),
    featured: query({
      summary: "What the shop wants seen first.",
      access: "service",
      hedge: true,
      cache: { ttlMs: 1_000, for: "everyone" },
      input: z.object({ limit: z.int().min(1).max(20).default(4) }),
      output: z.object({ items: z.array(Product) }),
    }),
  },
  events: {
    changed: event({ schema: Product, key: "sku" }),
  },
});
