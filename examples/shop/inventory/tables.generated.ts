// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType, Generated } from "kerf";

export type ReservationState = "held" | "released" | "shipped";

export interface ReservationLinesTable {
  order_id: string;
  sku: string;
  quantity: number;
}

export interface ReservationsTable {
  order_id: string;
  state: ReservationState;
  changed_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface StockTable {
  sku: string;
  on_hand: number;
  reserved: Generated<number>;
}

export interface Tables {
  reservation_lines: ReservationLinesTable;
  reservations: ReservationsTable;
  stock: StockTable;
}
