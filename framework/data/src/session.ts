import type { QueryArrayConfig, QueryConfig, QueryResult } from "pg";

/** A statement as the driver takes it. */
export interface Statement extends QueryConfig {
  readonly rowMode?: QueryArrayConfig["rowMode"];
  /** `extended` makes the server refuse a second statement in the same text, such as a smuggled COMMIT. */
  readonly queryMode?: "extended";
}

/** Where statements go: the transaction of a command, or the reads of a query. */
export interface Session {
  /** Runs one statement; throws the driver's error for what the statement itself did wrong. */
  run(statement: Statement): Promise<QueryResult>;
  /** Opens a transaction inside of the transaction, as a savepoint. */
  begin(): Promise<void>;
  /** Keeps the innermost one. */
  commitInner(): Promise<void>;
  /** Undoes the innermost one. */
  rollbackInner(): Promise<void>;
}
