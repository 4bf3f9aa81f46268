import type { Generated } from "kysely";
type State = "authorised" | "captured" | "declined" | "voided";
export interface Tables {
  ledger_entries: { id: Generated<number>; order_id: string; movement: State; account: "customers" | "holds" | "sales"; amount: number; currency: string; created_at: Generated<Date> };
  payments: { order_id: string; state: State; amount: number; currency: string; changed_at: Generated<Date> };
}
