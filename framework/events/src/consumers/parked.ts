import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, describeError, KerfError } from "@kerf/kernel";
import type { LoggedEvent } from "../event.ts";

/** Bound of one of its transactions, milliseconds. */
const transactionMs = 15_000;
/** Events of one key in one transaction at most. */
const maxBatch = 100;
/** Keys in one list at most. */
const maxKeys = 500;

/** A key whose events wait for somebody, oldest first in the list. */
export interface ParkedKey {
  readonly producer: string;
  readonly key: string;
  /** Of the event whose handler fails. */
  readonly id: string;
  readonly name: string;
  readonly error: string | null;
  readonly parkedAt: string;
  /** The one that fails and those behind it. */
  readonly events: number;
}

/** What became of a parked key. */
export interface Resolved {
  /** Events that were applied now. */
  readonly applied: number;
  /** The one that still fails, when there is one; it and what is behind it stay parked. */
  readonly failed?: { readonly id: string; readonly error: string };
}

/** The parked keys of one service: listed, tried again, passed over. */
export class ParkedKeys {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;

  constructor(database: ServiceDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async list(): Promise<ParkedKey[]> {
    const { raw } = this.#database.reads({ deadline: this.#clock.now() + transactionMs });
    const { rows } = await raw.query<ParkedKey>(
      `select distinct on (producer, key) producer, key, id::text as id, event ->> 'name' as name, error,
          parked_at::text as "parkedAt", count(*) over (partition by producer, key)::int as events
        from kerf.parked_event where not building order by producer, key, id limit $1`,
      [maxKeys],
    );
    return rows;
  }

  /**
   * Applies what is parked under a key, in order, each event in a transaction with its leaving; what comes meanwhile waits at the
   * shard's row. Ends at the first event that still fails. Throws `not_found` when nothing is parked there.
   */
  async resolve(
    producer: string,
    key: string,
    apply: (event: LoggedEvent, transaction: CommandTransaction) => Promise<void>,
  ): Promise<Resolved> {
    let applied = 0;
    for (let size = maxBatch; ;) {
      try {
        const found = await this.#inShard(producer, key, size, async (events, transaction) => {
          for (const event of events) await apply(event, transaction);
          await this.#remove(transaction, producer, key, events);
        });
        if (found === 0 && applied === 0) throw notParked(producer, key);
        applied += found;
        if (found < size) return { applied };
      } catch (thrown) {
        if (thrown instanceof KerfError && thrown.code === "not_found") throw thrown;
        // One by one, so that all before the culprit take effect.
        if (size > 1) {
          size = 1;
          continue;
        }
        const error = describeError(thrown).slice(0, 4_000);
        const id = await this.#blame(producer, key, error);
        return { applied, failed: { id, error } };
      }
    }
  }

  /** Passes over the first parked event of a key for good, and keeps it with the note. What is behind it stays parked. */
  async skip(producer: string, key: string, id: string, note: string): Promise<void> {
    const found = await this.#inShard(producer, key, 1, async ([first], transaction) => {
      if (first?.id !== id) {
        throw new KerfError("conflict", {
          message: `The first parked event of ${key} is ${first?.id}, not ${id}.`,
          fix: "Look again: somebody else was at it. Only the first one can be passed over.",
          retry: "never",
        });
      }
      await transaction.raw.query(
        `insert into kerf.skipped_event (producer, key, id, event, error, note)
          select producer, key, id, event, error, $4 from kerf.parked_event
            where producer = $1 and key = $2 and id = $3 and not building`,
        [producer, key, id, note],
      );
      await this.#remove(transaction, producer, key, [first]);
    });
    if (found === 0) throw notParked(producer, key);
  }

  /** The first parked events of a key, under the lock of their shard: its consumer waits, and looks at what is parked after us. */
  #inShard(
    producer: string,
    key: string,
    limit: number,
    work: (events: readonly LoggedEvent[], transaction: CommandTransaction) => Promise<void>,
  ): Promise<number> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, async (transaction) => {
      const { raw } = transaction;
      await raw.query(
        `select from kerf.consumer_shard where producer = $1 and not building and shard in (
          select shard from kerf.parked_event where producer = $1 and key = $2 and not building) for update`,
        [producer, key],
      );
      const { rows } = await raw.query<{ event: LoggedEvent }>(
        `select event from kerf.parked_event where producer = $1 and key = $2 and not building
          order by id limit $3`,
        [producer, key, limit],
      );
      if (rows.length > 0)
        await work(
          rows.map(({ event }) => event),
          transaction,
        );
      return rows.length;
    });
  }

  async #remove(
    { raw }: CommandTransaction,
    producer: string,
    key: string,
    events: readonly LoggedEvent[],
  ): Promise<void> {
    await raw.query(
      "delete from kerf.parked_event where producer = $1 and key = $2 and id = any($3::bigint[]) and not building",
      [producer, key, events.map(({ id }) => id)],
    );
  }

  async #blame(producer: string, key: string, error: string): Promise<string> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, async ({ raw }) => {
      const { rows } = await raw.query<{ id: string }>(
        `update kerf.parked_event set error = $3, parked_at = now()
          where producer = $1 and key = $2 and not building and id = (
            select min(id) from kerf.parked_event where producer = $1 and key = $2 and not building)
          returning id::text as id`,
        [producer, key, error],
      );
      return rows[0]?.id ?? "";
    });
  }
}

function notParked(producer: string, key: string): KerfError {
  return new KerfError("not_found", {
    message: `Nothing is parked under ${JSON.stringify(key)} of ${producer}.`,
    fix: "`kerf events parked` lists what is.",
  });
}
