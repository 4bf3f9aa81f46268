import { contract, query } from "kerf/contract";
import { z } from "zod";

/** What something costs, which depends on how much there is of it. */
export const quotes = contract("quotes", {
  version: "1.0.0",
  operations: {
    quote: query({
      summary: "What it costs now; asks stock.",
      http: "GET /quotes/{sku}",
      access: "public",
      input: z.object({ sku: z.string().max(32) }),
      output: z.object({ sku: z.string(), cents: z.int() }),
    }),
  },
});
