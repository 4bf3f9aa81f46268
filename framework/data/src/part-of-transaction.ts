import type { PoolClient, QueryResult } from "pg";
import type { Kysely } from "kysely";
import type { Trace } from "@kerf/kernel";
import { bindKysely } from "./kysely/binding.ts";
import { rawClient } from "./raw-client.ts";
import type { Session, Statement } from "./session.ts";

/** What a part of a transaction's work needs of it. */
export interface SharedSession extends Session {
  run(statement: Statement, below?: Trace): Promise<QueryResult>;
}

/** A transaction as a part of its work uses it that has a span of its own, such as the handler of one of its events. */
export class PartOfTransaction<Tables> implements Session {
  readonly #whole: SharedSession;
  readonly #trace: Trace;
  #db: Kysely<Tables> | undefined;
  #raw: PoolClient | undefined;

  constructor(whole: SharedSession, trace: Trace) {
    this.#whole = whole;
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
    return this.#whole.run(statement, this.#trace);
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
