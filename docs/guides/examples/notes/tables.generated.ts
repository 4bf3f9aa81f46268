// Generated from the migrations by `kerf db types`; edits are lost.
import type { Generated } from "kerf";

export interface NoteCountTable {
  notes: number;
}

export interface NotesTable {
  id: Generated<number>;
  text: string;
  label: string;
}

export interface UsedLabelsTable {
  label: string;
}

export interface Tables {
  note_count: NoteCountTable;
  notes: NotesTable;
  used_labels: UsedLabelsTable;
}
