import { command, contract, error, query } from "kerf/contract";
import { z } from "zod";

const sku = z.string().max(64);

/** What people think of products. */
export const reviews = contract("reviews", {
  version: "0.1.0",
  operations: {
    of: query({
      summary: "The product's name, and what is said of it.",
      http: "GET /reviews/{sku}",
      access: "public",
      input: z.object({ sku }),
      output: z.object({ product: z.string(), reviews: z.array(z.string()) }),
    }),
    add: command({
      summary: "Says something of a product.",
      http: "POST /reviews/{sku}",
      access: "public",
      input: z.object({ sku, text: z.string().min(1).max(2_000) }),
      output: z.object({ sku }),
      errors: { notFound: error({ status: 404, message: "There is no such product." }) },
    }),
  },
});
