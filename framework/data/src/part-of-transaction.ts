import type { PoolClient, QueryResult } from "pg";
import type { Kysely } from "kysely";
import type { Trace } from "@kerf/kernel";
import type { DatabaseRecords } from "./database-records.ts";
import { bindKysely } from "./kysely/binding.ts";
import { rawClient } from "./raw-client.ts";
import type { Session, Statement } from "./session.ts";

/** What a part of a transaction's work needs of it. */
export interface SharedSession extends Session {
  run(statement: Statement, below?: Trace, records?: DatabaseRecords): Promise<QueryResult>;
}

/** A transaction as a part of its work uses it, such as the handler of one of its events: counted by itself, below its own span. */
export class PartOfTransaction<Tables> implements Session {
  readonly #whole: SharedSession;
  readonly #records: DatabaseRecords;
  readonly #trace: Trace | undefined;
  #db: Kysely<Tables> | undefined;
  #raw: PoolClient | undefined;

  constructor(whole: SharedSession, records: DatabaseRecords, trace: Trace | undefined) {
    this.#whole = whole;
    this.#records = records;
    this.#trace = trace;
  }

  get db(): Kysely<Tables> {
    this.#db ??= bindKysely<Tables>(this);
    return this.#db;
  }

  get raw(): PoolClient {
    this.#raw ??= rawClient(this);
    return this.#raw;
  }

  /** @internal */
  run(statement: Statement): Promise<QueryResult> {
    return this.#whole.run(statement, this.#trace, this.#records);
  }

  /** @internal */
  begin(): Promise<void> {
    return this.#whole.begin();
  }

  /** @internal */
  commitInner(): Promise<void> {
    return this.#whole.commitInner();
  }

  /** @internal */
  rollbackInner(): Promise<void> {
    return this.#whole.rollbackInner();
  }
}
