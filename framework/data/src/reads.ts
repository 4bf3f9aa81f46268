import type { PoolClient, QueryResult } from "pg";
import type { Kysely } from "kysely";
import { defaultDeadlineMs, KerfError, remaining } from "@kerf/kernel";
import { databaseDeadline, endsConnection, translate } from "./database-errors.ts";
import { bindKysely } from "./kysely/binding.ts";
import type { ConnectionPool } from "./pool.ts";
import { rawClient } from "./raw-client.ts";
import type { Session, Statement } from "./session.ts";

/** How much later than the server we give up on it, in milliseconds. */
const graceMs = 250;
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
  #db: Kysely<Tables> | undefined;
  #raw: PoolClient | undefined;

  constructor(pool: ConnectionPool, options: { readonly deadline: number }) {
    this.#pool = pool;
    this.#deadline = options.deadline;
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
    const connection = await this.#pool.acquire(deadline);
    const { client } = connection;
    const left = Math.max(1, Math.ceil(remaining(clock, deadline)));
    let expired = false;
    const watch = clock.after(left + graceMs, () => {
      expired = true;
      connection.destroy();
    });
    const begun = client.query(`begin read only; set local statement_timeout = ${left}`);
    const answered = client.query({ ...statement, queryMode: "extended" } as Statement);
    const ended = client.query("commit");
    const [begin, answer, end] = await Promise.allSettled([begun, answered, ended]);
    watch.cancel();
    const failed = [begin, answer, end].find((part) => part.status === "rejected");
    if (failed === undefined) {
      connection.release();
      return (answer as PromiseFulfilledResult<QueryResult>).value;
    }
    if (endsConnection(failed.reason) || end.status === "rejected") connection.destroy();
    else connection.release();
    throw expired
      ? databaseDeadline("before-commit", failed.reason)
      : translate(failed.reason, "before-commit");
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
