import { loadKysely } from "./kysely/binding.ts";
import { ConnectionPool, type PoolOptions, type PoolStats } from "./pool.ts";
import { oneRoundTrip } from "./one-round-trip.ts";
import { Reads } from "./reads.ts";
import { CommandTransaction, type TransactionOptions } from "./transaction.ts";

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

  /** Runs `work` in a transaction of its own, by `deadline`, and commits what it did; whatever it throws rolls back. */
  async inTransaction<T>(
    deadline: number,
    work: (transaction: CommandTransaction<Tables>) => Promise<T>,
  ): Promise<T> {
    const transaction = this.transaction({ deadline });
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } finally {
      await transaction.rollback();
    }
  }

  /**
   * One statement that writes, as a transaction of its own in one round trip. Rejects with retry meaning `unknown` when the connection
   * was lost and it may have been committed.
   */
  async write<Row extends object>(
    deadline: number,
    text: string,
    values: unknown[],
  ): Promise<{ readonly rows: Row[]; readonly rowCount: number }> {
    const { rows, rowCount } = await oneRoundTrip(this.#pool, deadline, "read write", {
      text,
      values,
    });
    return { rows: rows as Row[], rowCount: rowCount ?? 0 };
  }

  /** The reads of one query, by `deadline` (monotonic milliseconds of the clock); infinite for a stream. */
  reads(options: { readonly deadline: number }): Reads<Tables> {
    return new Reads(this.#pool, options);
  }

  /** Makes the first statement quick: connects and loads Kysely. Throws `unavailable` when the server cannot be reached. */
  async warm(deadline: number): Promise<void> {
    const connecting = this.#pool.acquire(deadline);
    // While the server answers.
    loadKysely();
    (await connecting).release();
  }

  /** Refuses what comes, waits for what runs, closes all connections. The caller bounds it. Idempotent. */
  close(): Promise<void> {
    return this.#pool.close();
  }
}
