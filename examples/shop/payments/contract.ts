import { command, contract, error, event, query } from "kerf/contract";
import { z } from "zod";

/** How the shop's test cards behave. */
export const PaymentMethod = z.enum(["card-ok", "card-declined"]);

const Amount = z.object({ amount: z.int().min(1), currency: z.string().length(3) });
const ForOrder = z.object({ orderId: z.string() });
const PaymentState = z.enum(["authorised", "captured", "declined", "voided"]);
const noPayment = error({ status: 404, message: "There is no payment for this order." });
const notAuthorised = error({
  status: 409,
  message: "The payment is not authorised.",
  data: z.object({ state: PaymentState }),
});

/** Moves money: authorised, then captured or voided; every movement is two entries that sum to nothing. */
export const payments = contract("payments", {
  version: "1.0.0",
  operations: {
    authorise: command({
      summary:
        "Holds the money of an order, or declines. The same order twice is answered alike and holds once.",
      access: "service",
      input: ForOrder.extend({ total: Amount, method: PaymentMethod }),
      output: z.object({ state: PaymentState }),
    }),
    capture: command({
      summary: "Takes the money that is held; harmless the second time.",
      access: "service",
      input: ForOrder,
      output: z.object({ state: PaymentState }),
      errors: { noPayment, notAuthorised },
    }),
    void: command({
      summary: "Gives back the money that is held; harmless when none is.",
      access: "service",
      input: ForOrder,
      output: z.object({ voided: z.boolean() }),
    }),
    get: query({
      summary: "The payment of an order.",
      access: "service",
      input: ForOrder,
      output: z.object({ state: PaymentState, total: Amount }),
      errors: { noPayment },
    }),
    charges: query({
      summary: "Payments that hold money or took it, by order, a page at a time.",
      access: "service",
      input: z.object({
        after: z.string().optional(),
        limit: z.int().min(1).max(1_000),
      }),
      output: z.object({
        items: z.array(
          z.object({
            orderId: z.string(),
            state: PaymentState,
            amount: z.int(),
            changedAt: z.iso.datetime(),
          }),
        ),
      }),
    }),
    ledger: query({
      summary: "The balance of every account; they sum to zero.",
      access: "service",
      input: z.object({}),
      output: z.object({
        accounts: z.array(
          z.object({ account: z.string(), currency: z.string(), balance: z.int() }),
        ),
      }),
    }),
  },
  events: {
    moved: event({
      schema: ForOrder.extend({ state: PaymentState, amount: z.int() }),
      key: "orderId",
    }),
  },
});
