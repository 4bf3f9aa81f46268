// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType } from "kerf";

export type LedgerAccount = "customers" | "holds" | "sales";

export type PaymentState = "authorised" | "captured" | "declined" | "voided";

export interface LedgerEntriesTable {
  id: ColumnType<number, never, never>;
  order_id: string;
  movement: PaymentState;
  account: LedgerAccount;
  amount: number;
  currency: string;
  created_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface PaymentsTable {
  order_id: string;
  state: PaymentState;
  amount: number;
  currency: string;
  changed_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface Tables {
  ledger_entries: LedgerEntriesTable;
  payments: PaymentsTable;
}
