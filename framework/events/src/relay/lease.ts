import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, KerfError } from "@kerf/kernel";
import { leaseMs } from "../consumers/shard-leases.ts";
import { shards } from "../outbox/shard.ts";

/** Bound of one of its transactions, milliseconds. */
const statementMs = 5_000;
const fromTheStart = `array_fill(0::bigint, array[${shards}])`;

/** A relay at work: nobody else's cursor moves while its epoch is the newest. */
export interface RelayTerm {
  /** Identity of the log; a cursor of another one means nothing. */
  readonly log: string;
  readonly epoch: string;
  /** By shard, the last id that the broker has acknowledged. */
  readonly acknowledged: readonly string[];
}

/**
 * Which instance of a producer publishes its log to a destination: one row in the producer's database, leased by that database's
 * clock. An owner that was paused past its lease finds its epoch outdated when it moves the cursor; what it published until then were
 * duplicates.
 */
export class RelayLease {
  readonly #database: ServiceDatabase;
  readonly #place: { readonly destination: string; readonly instance: string };
  readonly #clock: Clock;

  constructor(
    database: ServiceDatabase,
    place: { readonly destination: string; readonly instance: string; readonly clock: Clock },
  ) {
    this.#database = database;
    this.#place = place;
    this.#clock = place.clock;
  }

  /** Takes the lease when nobody has it; undefined while somebody else does. */
  take(): Promise<RelayTerm | undefined> {
    const { destination, instance } = this.#place;
    return this.#in(async ({ raw }) => {
      const free = () =>
        raw.query<RelayTerm>(
          `update kerf.event_relay r set owner = $2, epoch = epoch + 1,
              leased_until = now() + $3 * interval '1 millisecond', log = l.identity,
              acknowledged = case when r.log = l.identity then acknowledged else ${fromTheStart} end
            from kerf.event_log l
            where destination = $1 and (owner = $2 or leased_until < now())
            returning log::text as log, epoch::text as epoch, acknowledged::text[] as acknowledged`,
          [destination, instance, leaseMs],
        );
      const { rows } = await free();
      if (rows.length > 0) return rows[0];
      const { rowCount } = await raw.query(
        `insert into kerf.event_relay (destination, log, acknowledged)
          select $1, identity, ${fromTheStart} from kerf.event_log
            where not exists (select from kerf.event_relay where destination = $1)
          on conflict do nothing`,
        [destination],
      );
      return rowCount === 0 ? undefined : (await free()).rows[0];
    });
  }

  /** Moves the cursor and renews the lease. Throws `stale_lease` when another instance has taken over. */
  async advance({ epoch, acknowledged }: RelayTerm): Promise<void> {
    const { destination, instance } = this.#place;
    const { rowCount } = await this.#in(({ raw }) =>
      raw.query(
        `update kerf.event_relay
            set acknowledged = $4, leased_until = now() + $5 * interval '1 millisecond'
          where destination = $1 and owner = $2 and epoch = $3`,
        [destination, instance, epoch, acknowledged, leaseMs],
      ),
    );
    if (rowCount === 0) throw staleRelay(destination);
  }

  /** Keeps what is not published yet from being dropped: nothing beyond `acknowledged` of a shard is. */
  async tell({ acknowledged }: RelayTerm): Promise<void> {
    await this.#in(({ raw }) =>
      raw.query(
        `insert into kerf.event_reader (consumer, shard, watermark)
          select $1, n - 1, watermark from unnest($2::bigint[]) with ordinality as of(watermark, n)
          on conflict (consumer, shard) do update set watermark = excluded.watermark, seen_at = now()`,
        // No service's name has a space.
        [`relay to ${this.#place.destination}`, acknowledged],
      ),
    );
  }

  /** Moves the cursor and gives the lease back, so that another instance need not wait for it to run out. */
  async release({ epoch, acknowledged }: RelayTerm): Promise<void> {
    const { destination, instance } = this.#place;
    await this.#in(({ raw }) =>
      raw.query(
        `update kerf.event_relay set acknowledged = $4, owner = null, leased_until = '-infinity'
          where destination = $1 and owner = $2 and epoch = $3`,
        [destination, instance, epoch, acknowledged],
      ),
    );
  }

  #in<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + statementMs, work);
  }
}

function staleRelay(destination: string): KerfError {
  return new KerfError("stale_lease", {
    message: `Another instance has taken over publishing to ${destination}.`,
    why: "This one was not heard of for longer than its lease.",
    fix: "Nothing: what both have published is applied once.",
  });
}
