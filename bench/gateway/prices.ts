import { contract, query } from "kerf/contract";
import { z } from "zod";

/** What the gateway benchmark asks for; over HTTP with a body, so that there is something to validate. */
export const prices = contract("prices", {
  version: "1.0.0",
  operations: {
    quote: query({
      http: "POST /quotes",
      access: "user",
      input: z.object({ id: z.string(), quantity: z.int().min(1), tags: z.array(z.string()) }),
      output: z.object({ id: z.string(), total: z.number(), currency: z.string() }),
    }),
  },
});

/** The handler, on both sides. */
export function quote({ id, quantity }: { id: string; quantity: number }): {
  id: string;
  total: number;
  currency: string;
} {
  return { id, total: quantity * 7900, currency: "EUR" };
}
