import { contract, query } from "kerf/contract";
import { z } from "zod";

const Found = z.object({ sku: z.string(), name: z.string() });

/** Finds products by words. */
export const search = contract("search", {
  version: "1.0.0",
  operations: {
    find: query({
      summary: "Products whose name or description has all these words, best first.",
      http: "GET /search",
      access: "public",
      input: z.object({
        q: z.string().trim().min(1).max(200),
        limit: z.int().min(1).max(50).default(20),
      }),
      output: z.object({ items: z.array(Found) }),
    }),
  },
});
