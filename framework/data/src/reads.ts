import type { PoolClient, QueryResult } from "pg";
import type { Kysely } from "kysely";
import { defaultDeadlineMs, KerfError, type Trace } from "@kerf/kernel";
import type { DatabaseRecords } from "./database-records.ts";
import { bindKysely } from "./kysely/binding.ts";
import type { ConnectionPool } from "./pool.ts";
import { oneRoundTrip } from "./one-round-trip.ts";
import { rawClient } from "./raw-client.ts";
import type { Session, Statement } from "./session.ts";

/** What reads are made with. */
export interface ReadsOptions {
  /** Monotonic milliseconds of the pool's clock; infinite for a stream. */
  readonly deadline: number;
  /** The span whose work it is; only of a trace that is recorded. */
  readonly trace?: Trace | undefined;
  /** It is the work of a handler, whose statements are counted. Those of the platform, which looks for work all the time, would hide them. */
  readonly counted?: boolean | undefined;
}

/** Bound of one statement where the call has none, in milliseconds: the deadline that other calls have. */
const endlessStatementMs = defaultDeadlineMs;

/**
 * The database as a query sees it: each statement for itself, reading only. Every statement is a read-only transaction of its own
 * (BEGIN READ ONLY, the statement and COMMIT leave in one round trip). That costs little and needs nothing of the session, so
 * that it holds behind a transaction pooler, where a setting of the session would be somebody else's by the next statement.
 */
export class Reads<Tables = unknown> implements Session {
  readonly #pool: ConnectionPool;
  readonly #deadline: number;
  readonly #trace: Trace | undefined;
  readonly #records: DatabaseRecords | undefined;
  #db: Kysely<Tables> | undefined;
  #raw: PoolClient | undefined;

  constructor(pool: ConnectionPool, options: ReadsOptions) {
    this.#pool = pool;
    this.#deadline = options.deadline;
    this.#trace = options.trace;
    if (options.counted === true) this.#records = pool.records;
  }

  /** Kysely, reading only. */
  get db(): Kysely<Tables> {
    this.#db ??= bindKysely<Tables>(this);
    return this.#db;
  }

  /** The driver's client, reading only: `raw.query(…)`, or `drizzle(raw)`. */
  get raw(): PoolClient {
    this.#raw ??= rawClient(this);
    return this.#raw;
  }

  /** @internal */
  async run(statement: Statement): Promise<QueryResult> {
    const { clock } = this.#pool;
    // A stream has no deadline, its statements have.
    const deadline = Number.isFinite(this.#deadline)
      ? this.#deadline
      : clock.now() + endlessStatementMs;
    const records = this.#records;
    if (records === undefined) return oneRoundTrip(this.#pool, deadline, "read only", statement);
    const trace = records.spans && this.#trace;
    const startedAt = clock.now();
    try {
      const result = await oneRoundTrip(this.#pool, deadline, "read only", statement);
      records.answered(trace, statement.text, startedAt, result.command, result.rows.length);
      return result;
    } catch (error) {
      records.failed(trace, statement.text, startedAt, error);
      throw error;
    }
  }

  /** @internal */
  begin(): Promise<void> {
    return Promise.reject(
      new KerfError("transaction_control", {
        message: "A query has no transaction.",
        why: "Each of its statements reads for itself.",
        fix: "Read what belongs together in one statement.",
      }),
    );
  }

  /** @internal */
  commitInner(): Promise<void> {
    return this.begin();
  }

  /** @internal */
  rollbackInner(): Promise<void> {
    return this.begin();
  }
}
