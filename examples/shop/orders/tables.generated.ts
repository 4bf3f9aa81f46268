import type { Generated } from "kysely";
type Status = "pending" | "reserved" | "authorised" | "confirmed" | "rejected";
export interface Tables {
  order_lines: { order_id: string; sku: string; name: string; quantity: number; price_amount: number };
  order_states: { order_id: string; sequence: number; status: Status; reason: string | null; entered_at: Generated<Date> };
  orders: { id: Generated<string>; user_id: string; status: Generated<Status>; reason: string | null; total_amount: number; currency: string; payment_method: string; notified: Generated<boolean>; created_at: Generated<Date> };
}
