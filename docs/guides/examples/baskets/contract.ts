import { command, contract, query } from "kerf/contract";
import { z } from "zod";

const Id = z.object({ id: z.string().min(1).max(40) });

/** What visitors are about to buy. */
export const baskets = contract("baskets", {
  version: "1.0.0",
  operations: {
    put: command({
      http: "PUT /baskets/{id}",
      access: "public",
      input: Id.extend({ sku: z.string().max(40), quantity: z.int().min(1).max(99) }),
      output: z.object({}),
    }),
    get: query({
      http: "GET /baskets/{id}",
      access: "public",
      input: Id,
      output: z.object({ items: z.record(z.string(), z.int()) }),
    }),
  },
});
