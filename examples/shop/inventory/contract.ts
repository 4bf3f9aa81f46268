import { command, contract, error, event, query } from "kerf/contract";
import { z } from "zod";

const Line = z.object({ sku: z.string().max(64), quantity: z.int().min(1).max(1_000) });
const ForOrder = z.object({ orderId: z.string() });

/** What is in stock, and for whom it is kept. */
export const inventory = contract("inventory", {
  version: "1.0.0",
  operations: {
    available: query({
      summary: "How many of a product can be ordered now.",
      http: "GET /inventory/{sku}",
      access: "public",
      input: z.object({ sku: z.string().max(64) }),
      output: z.object({ sku: z.string(), available: z.int() }),
      errors: {
        notFound: error({
          status: 404,
          message: "There is no such product in stock.",
          data: z.object({ sku: z.string() }),
        }),
      },
    }),
    reserve: command({
      summary: "Keeps all lines of an order, or none. The same order twice keeps them once.",
      access: "service",
      input: ForOrder.extend({ lines: z.array(Line).min(1).max(50) }),
      output: z.object({ reserved: z.literal(true) }),
      errors: {
        outOfStock: error({
          status: 409,
          message: "There is not enough in stock.",
          data: z.object({ sku: z.string(), available: z.int() }),
        }),
        alreadyReleased: error({
          status: 409,
          message: "What was kept for this order was given back already.",
        }),
      },
    }),
    release: command({
      summary: "Gives back what is kept for an order; harmless when nothing is.",
      access: "service",
      input: ForOrder,
      output: z.object({ released: z.boolean() }),
    }),
    ship: command({
      summary: "Takes what is kept for an order out of the stock; harmless the second time.",
      access: "service",
      input: ForOrder,
      output: z.object({ shipped: z.boolean() }),
    }),
  },
  events: {
    moved: event({
      schema: ForOrder.extend({ state: z.enum(["held", "released", "shipped"]) }),
      key: "orderId",
    }),
  },
});
