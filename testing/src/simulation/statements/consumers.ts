import type { KnownStatement } from "../database/statement-table.ts";
import { answer, type StatementRun, type Steps } from "../database/statement-run.ts";
import type { Tuple } from "../database/table.ts";

const shardKey = (producer: string, building: boolean, shard: number): string =>
  `${producer} ${String(building)} ${shard}`;
const byShard = (a: Tuple, b: Tuple): number => a["shard"] - b["shard"];
const shown = ({ shard, epoch, watermark }: Tuple): Tuple => ({
  shard,
  epoch: String(epoch),
  watermark: String(watermark),
});

/** `leased_until` of a row is `-Infinity` when nobody has it. */
function owns(
  run: StatementRun,
  producer: string,
  building: boolean,
  instance: string,
): (row: Tuple) => boolean {
  const has = had(producer, building, instance);
  return (row) => has(row) && row["leasedUntil"] > run.now;
}

/** Whatever became of the lease. */
function had(producer: string, building: boolean, instance: string): (row: Tuple) => boolean {
  return (row) =>
    row["producer"] === producer && row["building"] === building && row["owner"] === instance;
}

/** The statements of `framework/events/src/consumers`. */
export const consumerStatements: readonly KnownStatement[] = [
  {
    name: "consumer: beat",
    sql: `with beat as (
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
    *work(run, [producer, instance, leaseMs, building]) {
      const until = run.now + leaseMs;
      const others = run.select(
        "consumer_member",
        (row) =>
          row["producer"] === producer &&
          row["building"] === building &&
          row["instance"] !== instance &&
          row["seenUntil"] > run.now,
      );
      const renewed = yield* run.update(
        "consumer_shard",
        owns(run, producer, building, instance),
        () => ({ leasedUntil: until }),
      );
      const member = { producer, building, instance, seenUntil: until };
      const key = `${producer as string} ${String(building)} ${instance as string}`;
      yield* run.upsert("consumer_member", key, member, () => member);
      const owned = renewed.length === 0 ? null : renewed.sort(byShard).map(shown);
      return answer("SELECT", [{ live: others.length + 1, owned }]);
    },
  },
  {
    name: "consumer: has it a position",
    sql: "select from kerf.consumer_shard where producer = $1 and not building limit 1",
    // eslint-disable-next-line require-yield -- reads
    *work(run, [producer]) {
      const rows = run.select(
        "consumer_shard",
        (row) => row["producer"] === producer && row["building"] === false,
      );
      return answer(
        "SELECT",
        rows.slice(0, 1).map(() => ({})),
      );
    },
  },
  {
    name: "consumer: rows of all shards",
    sql: `insert into kerf.consumer_shard (producer, building, shard, watermark, log)
      select $1, $2, s, $3, $4 from generate_series(0, $5 - 1) s on conflict do nothing`,
    *work(run, [producer, building, watermark, log, shards]) {
      let inserted = 0;
      for (let shard = 0; shard < shards; shard += 1) {
        const existing = yield* run.insert("consumer_shard", shardKey(producer, building, shard), {
          producer,
          building,
          shard,
          log,
          watermark: Number(watermark),
          owner: null,
          epoch: 0,
          leasedUntil: Number.NEGATIVE_INFINITY,
        });
        if (existing === undefined) inserted += 1;
      }
      return answer("INSERT", [], inserted);
    },
  },
  {
    name: "consumer: give back what is beyond the share",
    sql: `update kerf.consumer_shard set owner = null, leased_until = '-infinity', epoch = epoch + 1
          where producer = $1 and building = $4 and owner = $2 and shard = any(array(
            select shard from kerf.consumer_shard where producer = $1 and building = $4 and owner = $2
              order by shard offset $3))`,
    *work(run, [producer, instance, share, building]) {
      const own = had(producer, building, instance);
      const beyond = new Set(
        run
          .select("consumer_shard", own)
          .sort(byShard)
          .slice(share)
          .map((row) => row["shard"]),
      );
      const freed = yield* run.update(
        "consumer_shard",
        (row) => own(row) && beyond.has(row["shard"]),
        freedShard,
      );
      return answer("UPDATE", [], freed.length);
    },
  },
  {
    name: "consumer: take what is free",
    sql: `update kerf.consumer_shard c set owner = $2, leased_until = now() + $4 * interval '1 millisecond',
            epoch = case when c.owner = $2 and c.leased_until > now() then c.epoch else c.epoch + 1 end
          where producer = $1 and building = $5 and shard = any(array(
            select shard from kerf.consumer_shard
              where producer = $1 and building = $5 and (owner = $2 or leased_until < now())
              order by owner is distinct from $2, shard
              for update skip locked limit $3))`,
    *work(run, [producer, instance, share, leaseMs, building]) {
      const of = (row: Tuple): boolean =>
        row["producer"] === producer && row["building"] === building;
      const taken = yield* run.selectForUpdate(
        "consumer_shard",
        (row) => of(row) && (row["owner"] === instance || row["leasedUntil"] < run.now),
        {
          skipLocked: true,
          limit: share,
          compare: (a, b) =>
            Number(a["owner"] !== instance) - Number(b["owner"] !== instance) || byShard(a, b),
        },
      );
      const shards = new Set(taken.map((row) => row["shard"]));
      const owned = yield* run.update(
        "consumer_shard",
        (row) => of(row) && shards.has(row["shard"]),
        ({ owner, leasedUntil, epoch }) => ({
          owner: instance,
          leasedUntil: run.now + leaseMs,
          epoch: owner === instance && leasedUntil > run.now ? epoch : epoch + 1,
        }),
      );
      return answer("UPDATE", [], owned.length);
    },
  },
  {
    name: "consumer: what is owned",
    sql: `select shard, epoch::text as epoch, watermark::text as watermark from kerf.consumer_shard
          where producer = $1 and building = $3 and owner = $2 and leased_until > now() order by shard`,
    // eslint-disable-next-line require-yield -- reads
    *work(run, [producer, instance, building]) {
      const owned = run.select("consumer_shard", owns(run, producer, building, instance));
      return answer("SELECT", owned.sort(byShard).map(shown));
    },
  },
  {
    name: "consumer: is gone",
    sql: "delete from kerf.consumer_member where producer = $1 and building = $3 and instance = $2",
    *work(run, [producer, instance, building]) {
      const deleted = yield* run.delete(
        "consumer_member",
        (row) =>
          row["producer"] === producer &&
          row["building"] === building &&
          row["instance"] === instance,
      );
      return answer("DELETE", [], deleted);
    },
  },
  {
    name: "consumer: give all back",
    sql: `update kerf.consumer_shard set owner = null, leased_until = '-infinity', epoch = epoch + 1
          where producer = $1 and building = $3 and owner = $2`,
    *work(run, [producer, instance, building]) {
      const freed = yield* run.update(
        "consumer_shard",
        had(producer, building, instance),
        freedShard,
      );
      return answer("UPDATE", [], freed.length);
    },
  },
  {
    name: "consumer: move watermarks",
    sql: `update kerf.consumer_shard c set watermark = moved.id, log = $3
      from unnest($4::smallint[], $5::bigint[], $6::bigint[], $7::bigint[]) as moved(shard, id, epoch, before)
      where c.producer = $1 and c.building = $8 and c.owner = $2 and c.shard = moved.shard and c.epoch = moved.epoch
        and c.watermark = moved.before and (c.log is null or c.log = $3)`,
    *work(run, values) {
      const [, instance, log] = values;
      return yield* moveWatermarks(
        run,
        values,
        (row, { epoch, before }) =>
          row["owner"] === instance &&
          row["epoch"] === epoch &&
          row["watermark"] === before &&
          (row["log"] === null || row["log"] === log),
      );
    },
  },
  {
    name: "consumer: parked keys",
    sql: "select distinct key from kerf.parked_event where producer = $1 and building = $3 and key = any($2)",
    // eslint-disable-next-line require-yield -- reads
    *work(run, [producer, keys, building]) {
      const parked = run.select(
        "parked_event",
        (row) =>
          row["producer"] === producer &&
          row["building"] === building &&
          (keys as string[]).includes(row["key"]),
      );
      return answer(
        "SELECT",
        [...new Set(parked.map((row) => row["key"] as string))].map((key) => ({ key })),
      );
    },
  },
  {
    name: "consumer: park",
    sql: `insert into kerf.parked_event (producer, building, shard, key, id, event, error)
      values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    *work(run, [producer, building, shard, key, id, event, error]) {
      const row = { producer, building, shard, key, id, event: JSON.parse(event), error };
      const existing = yield* run.insert(
        "parked_event",
        `${producer as string} ${String(building)} ${key as string} ${id as string}`,
        row,
      );
      return answer("INSERT", [], existing === undefined ? 1 : 0);
    },
  },
];

function freedShard({ epoch }: Tuple): Tuple {
  return { owner: null, leasedUntil: Number.NEGATIVE_INFINITY, epoch: epoch + 1 };
}

/** Moves the watermarks of the shards whose rows `fits` lets through; a test leaves the fence out. */
export function* moveWatermarks(
  run: StatementRun,
  [producer, , log, shards, ids, epochs, befores, building]: readonly any[],
  fits: (row: Tuple, moved: { readonly epoch: number; readonly before: number }) => boolean,
): Steps<ReturnType<typeof answer>> {
  const moved = new Map<number, { id: number; epoch: number; before: number }>(
    (shards as number[]).map((shard, n) => [
      shard,
      { id: Number(ids[n]), epoch: Number(epochs[n]), before: Number(befores[n]) },
    ]),
  );
  const rows = yield* run.update(
    "consumer_shard",
    (row) => {
      if (row["producer"] !== producer || row["building"] !== building) return false;
      const move = moved.get(row["shard"]);
      return move !== undefined && fits(row, move);
    },
    ({ shard }) => ({ watermark: moved.get(shard)?.id, log }),
  );
  return answer("UPDATE", [], rows.length);
}
