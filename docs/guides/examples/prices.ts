import { contract, event } from "kerf/contract";
import { z } from "zod";

const Price = z.object({ amount: z.int(), currency: z.string().length(3) });

/** An event whose first version said an amount, and meant euros. */
export const prices = contract("prices", {
  version: "2.0.0",
  operations: {},
  events: {
    changed: event({
      schema: z.object({ sku: z.string(), price: Price }),
      key: "sku",
      version: 2,
      upcast: { 1: ({ sku, amount }) => ({ sku, price: { amount, currency: "EUR" } }) },
    }),
  },
});
