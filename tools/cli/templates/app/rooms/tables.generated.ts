// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType, Generated } from "kerf";

export interface BookingsTable {
  id: Generated<string>;
  room: string;
  starts_at: ColumnType<Date, Date | string, Date | string>;
  ends_at: ColumnType<Date, Date | string, Date | string>;
  title: string;
}

export interface RoomsTable {
  name: string;
  seats: number;
}

export interface Tables {
  bookings: BookingsTable;
  rooms: RoomsTable;
}
