// Generated from the migrations by `kerf db types`; edits are lost.
import type { ColumnType } from "kerf";

export interface DocumentsTable {
  sku: string;
  name: string;
  description: string;
  words: ColumnType<string | null, never, never>;
}

export interface Tables {
  documents: DocumentsTable;
}
