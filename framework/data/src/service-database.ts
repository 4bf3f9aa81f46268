import type { QueryResult, QueryResultRow } from "pg";
import type { Trace } from "@kerf/kernel";
import { claimOf } from "./command-records/claim.ts";
import { loadKysely } from "./kysely/binding.ts";
import { ConnectionPool, type PoolOptions, type PoolStats } from "./pool.ts";
import { Reads, type ReadsOptions } from "./reads.ts";
import type { Statement } from "./session.ts";
import { writeOnce } from "./single-write.ts";
import { CommandTransaction } from "./transaction.ts";
import type { TransactionOptions } from "./transaction-options.ts";

/** The database of a service, as one instance works with it. */
export class ServiceDatabase<Tables = unknown> {
  readonly #pool: ConnectionPool;

  /** Connects to nothing yet: the first statement does. */
  constructor(options: PoolOptions) {
    this.#pool = new ConnectionPool(options);
  }

  get stats(): PoolStats {
    return this.#pool.stats;
  }

  /** The transaction of one command; whoever makes it settles it. */
  transaction(options: TransactionOptions): CommandTransaction<Tables> {
    return new CommandTransaction(this.#pool, options);
  }

  /**
   * Runs `work` in a transaction of its own, by `deadline`, and commits what it did; whatever it throws rolls back.
   * @param trace the span whose work it is; only of a trace that is recorded
   */
  async inTransaction<T>(
    deadline: number,
    work: (transaction: CommandTransaction<Tables>) => Promise<T>,
    trace?: Trace,
  ): Promise<T> {
    const transaction = this.transaction({ deadline, trace });
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } finally {
      await transaction.rollback();
    }
  }

  /** One statement as a transaction of its own, in one round trip; it must be one that waits for nobody's locks. */
  write<Row extends QueryResultRow>(
    deadline: number,
    statement: Statement,
  ): Promise<QueryResult<Row>> {
    return writeOnce(this.#pool, deadline, statement) as Promise<QueryResult<Row>>;
  }

  /** The reads of one query. */
  reads(options: ReadsOptions): Reads<Tables> {
    return new Reads(this.#pool, options);
  }

  /** Makes the first statement quick: connects and loads Kysely. Throws `unavailable` when the server cannot be reached. */
  async warm(deadline: number): Promise<void> {
    const connecting = this.#pool.acquire(deadline);
    // While the server answers.
    loadKysely();
    (await connecting).release();
  }

  /**
   * Makes the first calls quick where many come at once: opens every connection and has each claim a key of nobody's, then gives all of it up, so that the
   * server has made ready what commands begin with. Changes nothing. Throws `unavailable` when the server cannot be reached.
   */
  async rehearse(deadline: number): Promise<void> {
    const rehearsed = Array.from({ length: this.#pool.limit }, (_, index) =>
      this.#rehearse(deadline, index),
    );
    // While the server answers.
    loadKysely();
    await Promise.all(rehearsed);
  }

  async #rehearse(deadline: number, index: number): Promise<void> {
    const scope = { service: "", operation: "rehearsal", principal: "", key: String(index) };
    const claim = claimOf(scope, null, { wait: false, mayDecline: true });
    const transaction = this.transaction({ deadline, claim });
    try {
      await transaction.savepoint(async () => {});
    } finally {
      await transaction.rollback();
    }
  }

  /** Refuses what comes, waits for what runs, closes all connections. The caller bounds it. Idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
