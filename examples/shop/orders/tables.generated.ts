// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType, Generated } from "kerf";

export type OrderStatus = "pending" | "reserved" | "authorised" | "confirmed" | "rejected";

export interface OrderLinesTable {
  order_id: string;
  sku: string;
  name: string;
  quantity: number;
  price_amount: number;
}

export interface OrderStatesTable {
  order_id: string;
  sequence: number;
  status: OrderStatus;
  reason: string | null;
  entered_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface OrdersTable {
  id: Generated<string>;
  user_id: string;
  status: Generated<OrderStatus>;
  reason: string | null;
  total_amount: number;
  currency: string;
  payment_method: string;
  created_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface Tables {
  order_lines: OrderLinesTable;
  order_states: OrderStatesTable;
  orders: OrdersTable;
}
