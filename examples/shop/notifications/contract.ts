import { contract, query } from "kerf/contract";
import { z } from "zod";

const Kind = z.enum(["order-confirmed", "order-rejected"]);

/** Tells customers what happened to their orders. */
export const notifications = contract("notifications", {
  version: "1.0.0",
  operations: {
    inbox: query({
      summary: "One's own messages, newest first.",
      http: "GET /notifications",
      input: z.object({ limit: z.int().min(1).max(50).default(20) }),
      output: z.object({
        items: z.array(z.object({ orderId: z.string(), kind: Kind, text: z.string() })),
      }),
    }),
  },
});
