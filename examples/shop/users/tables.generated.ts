// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType, Generated } from "kerf";

export interface SessionsTable {
  id: ColumnType<number, never, never>;
  user_id: string;
  created_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface UsersTable {
  id: Generated<string>;
  email: string;
  name: string;
  password_hash: string;
  created_at: ColumnType<Date, Date | string | undefined, Date | string>;
}

export interface Tables {
  sessions: SessionsTable;
  users: UsersTable;
}
