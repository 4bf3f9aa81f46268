import { contract, query } from "kerf/contract";
import { z } from "zod";
import { Product } from "../catalog/contract.ts";

/** Guesses what a customer could like. The shop lives without it. */
export const recommendations = contract("recommendations", {
  version: "1.0.0",
  operations: {
    forUser: query({
      summary: "Products for this customer, the same ones for a day.",
      access: "service",
      input: z.object({ userId: z.string(), limit: z.int().min(1).max(20).default(4) }),
      output: z.object({ items: z.array(Product) }),
    }),
  },
});
