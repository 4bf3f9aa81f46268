import type { Journal } from "../load/journal.ts";
import type { RunSql } from "../sql.ts";

/** What is judged: the data as it is when everything is quiet, and what the clients know. */
export interface Evidence {
  readonly sql: RunSql;
  readonly journal: Journal;
  /** Pieces of each product before the load. */
  readonly stockBefore: ReadonlyMap<string, number>;
}

/** One statement that must be true, and what was found. */
export interface Finding {
  readonly holds: string;
  /** How many things were looked at. */
  readonly checked: number;
  /** Those for which it is not true, with what shows it. */
  readonly violations: readonly unknown[];
  /** Few things are normal: nothing looked at is no violation. */
  readonly mayBeNone?: true;
}

/** Statements about one matter. */
export type Invariant = (evidence: Evidence) => Promise<Finding[]>;
