import { type CommandTransaction, SharedTransaction } from "@kerf/data";
import { KerfError } from "@kerf/kernel";
import type { LoggedEvent } from "../event.ts";
import type { OwnedShard, Track } from "./shard-leases.ts";

/** What one transaction of a consumer does with events. */
export interface BatchWork {
  readonly producer: string;
  readonly track: Track;
  readonly log: string;
  readonly instance: string;
  /** One event after the other: some handler uses savepoints. */
  readonly alone: boolean;
  /** Runs the handler of one event inside the transaction. */
  apply(event: LoggedEvent, transaction: CommandTransaction): Promise<void>;
}

/**
 * Applies events in one transaction together with the watermarks that say so. The watermarks move first: that takes their rows'
 * locks, and an owner whose epoch is outdated is refused before anything else happens. Throws `stale_lease`.
 */
export async function applyBatch(
  transaction: CommandTransaction,
  events: readonly LoggedEvent[],
  owned: ReadonlyMap<number, OwnedShard>,
  work: BatchWork,
): Promise<void> {
  await moveWatermarks(transaction, events, owned, work);
  const parked = await parkedKeys(transaction, work, events);
  const one = (event: LoggedEvent): Promise<void> =>
    parked.has(event.key) ? park(transaction, work, event, null) : work.apply(event, transaction);
  if (work.alone || events.length === 1) {
    for (const event of events) await one(event);
    return;
  }
  transaction.shared = true;
  const keys = Map.groupBy(events, ({ key }) => key).values();
  // Each key in its order, and none waits for another: the statements of all leave one behind the other.
  const ended = await Promise.allSettled(
    keys.map(async (own) => {
      for (const event of own) await one(event);
    }),
  );
  transaction.shared = false;
  const failed = ended
    .filter((each) => each.status === "rejected")
    .map(({ reason }) => reason as unknown);
  if (failed.length > 0)
    throw failed.find((each) => each instanceof SharedTransaction) ?? failed[0];
}

/** Puts one event aside together with the watermark that passes it. */
export async function parkOne(
  transaction: CommandTransaction,
  event: LoggedEvent,
  owned: ReadonlyMap<number, OwnedShard>,
  work: BatchWork,
  error: string,
): Promise<void> {
  await moveWatermarks(transaction, [event], owned, work);
  await park(transaction, work, event, error);
}

/** The last id of each shard among these events. */
export function lastIds(events: readonly LoggedEvent[]): Map<number, string> {
  return new Map(events.map(({ shard, id }) => [shard, id]));
}

async function moveWatermarks(
  transaction: CommandTransaction,
  events: readonly LoggedEvent[],
  owned: ReadonlyMap<number, OwnedShard>,
  { producer, track, log, instance }: BatchWork,
): Promise<void> {
  const last = [...lastIds(events)].sort(([a], [b]) => a - b);
  const { rowCount } = await transaction.raw.query(
    `update kerf.consumer_shard c set watermark = moved.id, log = $3
      from unnest($4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[]) as moved(shard, id, epoch, before)
      where c.producer = $1 and c.building = $8 and c.owner = $2 and c.shard = moved.shard and c.epoch = moved.epoch
        and c.watermark = moved.before and (c.log is null or c.log = $3)`,
    [
      producer,
      instance,
      log,
      last.map(([shard]) => shard),
      last.map(([, id]) => id),
      last.map(([shard]) => owned.get(shard)?.epoch ?? "-1"),
      last.map(([shard]) => owned.get(shard)?.watermark ?? "-1"),
      track === "building",
    ],
  );
  if (rowCount !== last.length) throw staleLease(producer);
}

async function parkedKeys(
  transaction: CommandTransaction,
  { producer, track }: BatchWork,
  events: readonly LoggedEvent[],
): Promise<Set<string>> {
  const { rows } = await transaction.raw.query<{ key: string }>(
    "select distinct key from kerf.parked_event where producer = $1 and building = $3 and key = any($2)",
    [producer, [...new Set(events.map(({ key }) => key))], track === "building"],
  );
  return new Set(rows.map(({ key }) => key));
}

async function park(
  transaction: CommandTransaction,
  { producer, track }: BatchWork,
  event: LoggedEvent,
  error: string | null,
): Promise<void> {
  await transaction.raw.query(
    `insert into kerf.parked_event (producer, building, shard, key, id, event, error)
      values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    [
      producer,
      track === "building",
      event.shard,
      event.key,
      event.id,
      JSON.stringify(event),
      error,
    ],
  );
}

function staleLease(producer: string): KerfError {
  return new KerfError("stale_lease", {
    message: `Another instance has taken over shards of the log of ${producer}.`,
    why: "This one was not heard of for longer than its lease, or the log is another one than before.",
    fix: "Nothing: what it was doing was rolled back, and the other instance does it.",
  });
}
