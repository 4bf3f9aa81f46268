// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType } from "kerf";

export interface MessagesTable {
  id: ColumnType<number, never, never>;
  user_id: string;
  order_id: string;
  kind: string;
  body: string;
  created_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface Tables {
  messages: MessagesTable;
}
