import type { z } from "zod";
import type { OrderStatus } from "./contract.ts";

/** Where an order can be. */
export type Status = z.infer<typeof OrderStatus>;

const next: Readonly<Record<Status, readonly Status[]>> = {
  pending: ["reserved", "rejected"],
  reserved: ["authorised", "rejected"],
  authorised: ["confirmed", "rejected"],
  confirmed: [],
  rejected: [],
};

/** Whether an order may go from one state to the other. */
export function mayMove(from: Status, to: Status): boolean {
  return next[from].includes(to);
}

/** Whether this is where an order ends. */
export function isFinal(status: Status): boolean {
  return next[status].length === 0;
}
