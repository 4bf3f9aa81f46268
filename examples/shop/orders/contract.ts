import { command, contract, error, event, query, stream } from "kerf/contract";
import { z } from "zod";
import { Money } from "../catalog/contract.ts";
import { PaymentMethod } from "../payments/contract.ts";

/** The way of an order: pending → reserved → authorised → confirmed, or rejected from any of the first three. */
export const OrderStatus = z.enum(["pending", "reserved", "authorised", "confirmed", "rejected"]);

const Line = z.object({ sku: z.string().max(64), quantity: z.int().min(1).max(1_000) });
const OrderId = z.object({ id: z.uuid() });
const Order = z.object({
  id: z.string(),
  status: OrderStatus,
  total: Money,
  items: z.array(Line.extend({ name: z.string(), price: Money })),
  reason: z.string().optional(),
});
/** How an order ended, for whoever it concerns. */
const OrderEnded = z.object({
  orderId: z.string(),
  userId: z.string(),
  status: z.enum(["confirmed", "rejected"]),
});
const notFound = error({ status: 404, message: "You have no such order." });

/** What customers bought, and how far it is. */
export const orders = contract("orders", {
  version: "1.0.0",
  operations: {
    place: command({
      summary: "Accepts an order; it is then worked on, and ends as confirmed or rejected.",
      http: { route: "POST /orders", status: 202 },
      input: z.object({
        items: z.array(Line).min(1).max(50),
        payment: z.object({ method: PaymentMethod }),
      }),
      output: z.object({ id: z.string(), status: OrderStatus }),
      errors: {
        unknownProduct: error({
          status: 422,
          message: "A product does not exist.",
          data: z.object({ skus: z.array(z.string()) }),
        }),
      },
    }),
    get: query({
      summary: "One of one's own orders.",
      http: "GET /orders/{id}",
      input: OrderId,
      output: Order,
      errors: { notFound },
    }),
    watch: stream({
      summary: "The states of one's own order as they come; ends with the last one.",
      http: "GET /orders/{id}/stream",
      input: OrderId,
      output: z.object({ sequence: z.int(), status: OrderStatus, reason: z.string().optional() }),
      errors: { notFound },
      cursor: "sequence",
    }),
    recent: query({
      summary: "One's own newest orders.",
      http: "GET /orders",
      input: z.object({ limit: z.int().min(1).max(50).default(5) }),
      output: z.object({
        items: z.array(z.object({ id: z.string(), status: OrderStatus, total: Money })),
      }),
    }),
  },
  events: {
    ended: event({ schema: OrderEnded, key: "orderId" }),
  },
});
