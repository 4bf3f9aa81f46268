import { contract, query } from "kerf/contract";
import { z } from "zod";

/** What the wire benchmark calls. */
export const prices = contract("prices", {
  version: "1.0.0",
  operations: {
    quote: query({
      access: "service",
      input: z.object({ id: z.string(), quantity: z.int().min(1), tags: z.array(z.string()) }),
      output: z.object({ id: z.string(), total: z.number(), currency: z.string() }),
    }),
  },
});
