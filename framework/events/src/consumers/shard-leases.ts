import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";
import { shards } from "../outbox/shard.ts";

/** How long a shard stays with an instance that is not heard of, milliseconds: two missed beats and a pause of the collector. */
export const leaseMs = 10_000;
/** Pause between two beats, milliseconds. */
export const beatMs = 3_000;
/** Bound of one of its transactions, milliseconds. */
const statementMs = 5_000;

/** Which of a consumer's positions: the one that serves, or the one of tables that are built anew beside it. */
export type Track = "live" | "building";

/** A shard that this instance owns. */
export interface OwnedShard {
  readonly shard: number;
  readonly epoch: string;
  /** Id of the last event that was applied. */
  watermark: string;
}

/**
 * Which instance of a consumer works on which shards of a producer's log: a row each in the consumer's database, leased by that
 * database's clock. An owner that was paused past its lease finds its epoch outdated at its next write.
 */
export class ShardLeases {
  readonly #database: ServiceDatabase;
  readonly #producer: string;
  readonly #instance: string;
  readonly #building: boolean;
  readonly #clock: Clock;

  constructor(
    database: ServiceDatabase,
    place: {
      readonly producer: string;
      readonly instance: string;
      readonly track: Track;
      readonly clock: Clock;
    },
  ) {
    this.#database = database;
    this.#producer = place.producer;
    this.#instance = place.instance;
    this.#building = place.track === "building";
    this.#clock = place.clock;
  }

  /**
   * Says that we live, gives back what is beyond our share and takes what is free within it. Answers what we own; the others find
   * their share at their own next beat.
   */
  beat(): Promise<OwnedShard[]> {
    return this.#in(async ({ raw }) => {
      const { rows: beats } = await raw.query<{ live: number; owned: OwnedShard[] | null }>(
        `with beat as (
            insert into kerf.consumer_member (producer, building, instance, seen_until)
            values ($1, $4, $2, now() + $3 * interval '1 millisecond')
            on conflict (producer, building, instance) do update set seen_until = excluded.seen_until
          ), renewed as (
            update kerf.consumer_shard set leased_until = now() + $3 * interval '1 millisecond'
              where producer = $1 and building = $4 and owner = $2 and leased_until > now()
              returning shard, epoch::text as epoch, watermark::text as watermark
          )
          select (select count(*)::int + 1 from kerf.consumer_member
                   where producer = $1 and building = $4 and instance <> $2 and seen_until > now()) as live,
            (select json_agg(renewed order by shard) from renewed) as owned`,
        [this.#producer, this.#instance, leaseMs, this.#building],
      );
      const [{ live, owned }] = beats as [{ live: number; owned: OwnedShard[] | null }];
      const share = Math.ceil(shards / live);
      // Nearly always: nobody came or went.
      if (owned?.length === share) return owned;
      await raw.query(
        `update kerf.consumer_shard set owner = null, leased_until = '-infinity', epoch = epoch + 1
          where producer = $1 and building = $4 and owner = $2 and shard = any(array(
            select shard from kerf.consumer_shard where producer = $1 and building = $4 and owner = $2
              order by shard offset $3))`,
        [this.#producer, this.#instance, share, this.#building],
      );
      // As an array: a join would ask for the free ones more than once, and take more than the share.
      await raw.query(
        `update kerf.consumer_shard c set owner = $2, leased_until = now() + $4 * interval '1 millisecond',
            epoch = case when c.owner = $2 and c.leased_until > now() then c.epoch else c.epoch + 1 end
          where producer = $1 and building = $5 and shard = any(array(
            select shard from kerf.consumer_shard
              where producer = $1 and building = $5 and (owner = $2 or leased_until < now())
              order by owner is distinct from $2, shard
              for update skip locked limit $3))`,
        [this.#producer, this.#instance, share, leaseMs, this.#building],
      );
      const { rows } = await raw.query<OwnedShard>(
        `select shard, epoch::text as epoch, watermark::text as watermark from kerf.consumer_shard
          where producer = $1 and building = $3 and owner = $2 and leased_until > now() order by shard`,
        [this.#producer, this.#instance, this.#building],
      );
      return rows;
    });
  }

  /** Gives everything back, so that the others need not wait for the leases to run out. */
  release(): Promise<void> {
    return this.#in(async ({ raw }) => {
      await raw.query(
        "delete from kerf.consumer_member where producer = $1 and building = $3 and instance = $2",
        [this.#producer, this.#instance, this.#building],
      );
      await raw.query(
        `update kerf.consumer_shard set owner = null, leased_until = '-infinity', epoch = epoch + 1
          where producer = $1 and building = $3 and owner = $2`,
        [this.#producer, this.#instance, this.#building],
      );
    });
  }

  #in<T>(work: (transaction: CommandTransaction) => Promise<T>): Promise<T> {
    return this.#database.inTransaction(this.#clock.now() + statementMs, work);
  }
}
