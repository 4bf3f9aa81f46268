import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, delay, describeError, KerfError } from "@kerf/kernel";
import { leaseMs } from "../consumers/shard-leases.ts";
import { headOf, insertPosition, type PositionParts } from "../consumers/position.ts";

/** Bound of a transaction that writes a page, milliseconds. */
const transactionMs = 15_000;
/** Bound of the transaction in which the new tables take the place of the old, milliseconds: it copies them. */
const swapMs = 300_000;
/** How long the old tables may be held still until the new ones have caught up, milliseconds, and the pause between two looks. */
const holdMs = 2_000;
const lookMs = 20;
/** From so many events on the old tables are not held still yet. */
const farBehind = 5_000;

/** Runs work in a transaction on the tables that are being built. */
export type WriteModel = <T>(work: (transaction: CommandTransaction) => Promise<T>) => Promise<T>;

/** What a read model is made of. */
export interface ReadModelParts extends PositionParts {
  readonly instance: string;
  /** Its tables, those that others refer to first. */
  readonly tables: readonly string[];
  /** Fills the new tables from what the producer has; without it they start empty, at the beginning of the log. */
  readonly seed: ((write: WriteModel, signal: AbortSignal) => Promise<void>) | undefined;
}

/** What is to be done before new tables serve. */
type Building = "seeding" | "following";

/** Where a read model stands. */
export interface ReadModelState {
  readonly state: Building | "live";
  readonly generation: number;
  readonly failure: string | null;
}

/**
 * The tables of one service that follow the events of another: built beside those that serve, from what the producer has and
 * the events behind that, and put in their place in one transaction. Whichever instance holds the lease builds.
 */
export class ReadModel {
  readonly #parts: ReadModelParts;
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;

  constructor(parts: ReadModelParts) {
    this.#parts = parts;
    this.#database = parts.database;
    this.#clock = parts.clock;
  }

  /** Where it stands; a new one is to be built. */
  async state(): Promise<ReadModelState> {
    const found = await this.#read();
    if (found !== undefined) return found;
    await this.#in(({ raw }) =>
      raw.query("insert into kerf.read_model (producer) values ($1) on conflict do nothing", [
        this.#parts.producer,
      ]),
    );
    return (await this.#read()) ?? { state: "seeding", generation: 0, failure: null };
  }

  /** Asks for it to be built anew; what serves goes on serving meanwhile. Begins from the start when that is under way. */
  async rebuild(): Promise<void> {
    await this.#in(({ raw }) =>
      raw.query(
        `insert into kerf.read_model as m (producer) values ($1)
          on conflict (producer) do update set state = 'seeding', failure = null, epoch = m.epoch + 1,
            owner = null, leased_until = '-infinity', changed_at = now()`,
        [this.#parts.producer],
      ),
    );
  }

  /** Fills the new tables when nobody else does; answers whether it did. Throws what the author's seed throws. */
  async seed(signal: AbortSignal): Promise<boolean> {
    const epoch = await this.#lease("seeding", leaseMs);
    if (epoch === undefined) return false;
    const { producer, seed, tables } = this.#parts;
    try {
      await this.#fenced("seeding", epoch, async (transaction) => {
        await transaction.raw.query("select kerf.read_model_begin($1)", [tables]);
        await transaction.raw.query(
          `with position as (delete from kerf.consumer_shard where producer = $1 and building)
            delete from kerf.parked_event where producer = $1 and building`,
          [producer],
        );
      });
      // Before the first page is read: what changes from then on comes again as an event.
      const head = seed === undefined ? undefined : await headOf(this.#parts);
      await seed?.((work) => this.#fenced("seeding", epoch, inBuilding(work)), signal);
      await this.#fenced("seeding", epoch, async (transaction) => {
        await insertPosition(transaction, producer, "building", head);
        await transaction.raw.query(
          `update kerf.read_model set state = 'following', failure = null, owner = null, leased_until = '-infinity',
            changed_at = now() where producer = $1`,
          [producer],
        );
      });
      return true;
    } catch (error) {
      await this.#failed(epoch, describeError(error).slice(0, 4_000)).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Puts the new tables in the place of the old, once they are as far: holds the old ones still for a moment, so that the
   * new ones can catch up. Answers whether they serve now.
   */
  async swap(signal: AbortSignal): Promise<boolean> {
    if ((await this.#behind()) > farBehind) return false;
    const epoch = await this.#lease("following", holdMs);
    if (epoch === undefined) return (await this.#read())?.state === "live";
    let swapped = false;
    try {
      await this.#hold(epoch);
      swapped = (await this.#caughtUp(signal)) && (await this.#replace(epoch));
    } finally {
      // What is held is free by itself after a moment.
      if (!swapped) await this.#letGo(epoch).catch(() => undefined);
    }
    return swapped;
  }

  /**
   * Nobody moves the old tables for a while. By lease, not by a lock: a transaction that stays open keeps the logs of all
   * services on the server from becoming final, and the new tables could not catch up.
   */
  #hold(epoch: string): Promise<void> {
    return this.#fenced("following", epoch, async (transaction) => {
      await this.#lockShards(transaction, false);
      await transaction.raw.query(
        `update kerf.consumer_shard set owner = null, epoch = epoch + 1,
            leased_until = now() + $2 * interval '1 millisecond' where producer = $1 and not building`,
        [this.#parts.producer, holdMs],
      );
    });
  }

  async #letGo(epoch: string): Promise<void> {
    await this.#fenced("following", epoch, async ({ raw }) => {
      await raw.query(
        `with model as (
            update kerf.read_model set owner = null, leased_until = '-infinity' where producer = $1
          )
          update kerf.consumer_shard set leased_until = '-infinity'
            where producer = $1 and not building and owner is null`,
        [this.#parts.producer],
      );
    });
  }

  /** The new tables serve from here on, when they are still as far as the old ones. */
  #replace(epoch: string): Promise<boolean> {
    const { producer, tables } = this.#parts;
    return this.#fenced(
      "following",
      epoch,
      async (transaction) => {
        const { raw } = transaction;
        await this.#lockShards(transaction, false);
        if (!(await this.#isAsFar(raw))) return false;
        await this.#lockShards(transaction, true);
        await raw.query("select kerf.read_model_swap($1)", [tables]);
        await raw.query("delete from kerf.consumer_shard where producer = $1 and not building", [
          producer,
        ]);
        await raw.query("delete from kerf.parked_event where producer = $1 and not building", [
          producer,
        ]);
        await raw.query(
          `with model as (
              update kerf.read_model set state = 'live', generation = generation + 1, owner = null,
                  leased_until = '-infinity', changed_at = now()
                where producer = $1 returning generation
            ), parked as (
              update kerf.parked_event set building = false where producer = $1 and building
            )
            update kerf.consumer_shard c set building = false, generation = model.generation, epoch = epoch + 1,
                owner = null, leased_until = '-infinity'
              from model where c.producer = $1 and c.building`,
          [producer],
        );
        return true;
      },
      swapMs,
    );
  }

  /** In one order everywhere, so that nobody waits in a circle. */
  async #lockShards({ raw }: CommandTransaction, building: boolean): Promise<void> {
    await raw.query(
      "select from kerf.consumer_shard where producer = $1 and building = $2 order by shard for update",
      [this.#parts.producer, building],
    );
  }

  /** Ids between the new tables and those that serve: the most events that can be. */
  async #behind(): Promise<number> {
    const { raw } = this.#database.reads({ deadline: this.#clock.now() + transactionMs });
    const { rows } = await raw.query<{ ids: string }>(
      `select coalesce(sum(live.watermark - new.watermark), 0)::text as ids
        from kerf.consumer_shard live join kerf.consumer_shard new
          on new.producer = live.producer and new.shard = live.shard and new.building
        where live.producer = $1 and not live.building and new.watermark < live.watermark`,
      [this.#parts.producer],
    );
    return Number(rows[0]?.ids ?? 0);
  }

  async #caughtUp(signal: AbortSignal): Promise<boolean> {
    for (const end = this.#clock.now() + holdMs; ; await delay(this.#clock, lookMs, signal)) {
      const { raw } = this.#database.reads({ deadline: this.#clock.now() + transactionMs });
      if (await this.#isAsFar(raw)) return true;
      if (this.#clock.now() >= end) return false;
    }
  }

  /** Whether the new tables have every event that the old ones have. */
  async #isAsFar(raw: CommandTransaction["raw"]): Promise<boolean> {
    const { rows } = await raw.query(
      `select from kerf.consumer_shard live join kerf.consumer_shard new
          on new.producer = live.producer and new.shard = live.shard and new.building
        where live.producer = $1 and not live.building and new.watermark < live.watermark limit 1`,
      [this.#parts.producer],
    );
    return rows.length === 0;
  }

  async #read(): Promise<ReadModelState | undefined> {
    const { raw } = this.#database.reads({ deadline: this.#clock.now() + transactionMs });
    const { rows } = await raw.query<ReadModelState>(
      "select state, generation, failure from kerf.read_model where producer = $1",
      [this.#parts.producer],
    );
    return rows[0];
  }

  /** Whoever has it does what is to be done in this state. */
  async #lease(state: Building, ms: number): Promise<string | undefined> {
    const { instance, producer } = this.#parts;
    const { rows } = await this.#in(({ raw }) =>
      raw.query<{ epoch: string }>(
        `update kerf.read_model set owner = $2, epoch = epoch + 1, leased_until = now() + $3 * interval '1 millisecond'
          where producer = $1 and state = $4 and leased_until < now() returning epoch::text as epoch`,
        [producer, instance, ms, state],
      ),
    );
    return rows[0]?.epoch;
  }

  /** A transaction that renews the lease first, and so is refused when another has taken over. */
  #fenced<T>(
    state: Building,
    epoch: string,
    work: (transaction: CommandTransaction) => Promise<T>,
    ms = transactionMs,
  ): Promise<T> {
    const { instance, producer } = this.#parts;
    return this.#database.inTransaction(this.#clock.now() + ms, async (transaction) => {
      const { rowCount } = await transaction.raw.query(
        `update kerf.read_model set leased_until = now() + $4 * interval '1 millisecond'
          where producer = $1 and owner = $2 and epoch = $3 and state = $5`,
        [producer, instance, epoch, leaseMs, state],
      );
      if (rowCount === 1) return work(transaction);
      throw new KerfError("stale_lease", {
        message: `Another instance builds the tables that follow ${producer}.`,
        why: "This one was not heard of for longer than its lease, or they are to be built from the start again.",
        fix: "Nothing: what it was doing was rolled back.",
      });
    });
  }

  async #failed(epoch: string, failure: string): Promise<void> {
    const { producer } = this.#parts;
    await this.#in(({ raw }) =>
      raw.query(
        `update kerf.read_model set failure = $3, owner = null, leased_until = '-infinity'
          where producer = $1 and epoch = $2`,
        [producer, epoch, failure],
      ),
    );
  }

  #in<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + transactionMs, work);
  }
}

/** Unqualified names mean the tables that are being built. */
export function inBuilding<T>(
  work: (transaction: CommandTransaction) => Promise<T>,
): (transaction: CommandTransaction) => Promise<T> {
  return async (transaction) => {
    await transaction.raw.query("set local search_path = kerf_building, public");
    return work(transaction);
  };
}
