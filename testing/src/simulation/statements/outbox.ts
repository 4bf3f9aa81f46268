import type { KnownStatement } from "../database/statement-table.ts";
import { answer, type StatementRun, type Steps } from "../database/statement-run.ts";
import type { Tuple } from "../database/table.ts";

/** Appends events as `kerf.event_append` does. */
function* append(
  run: StatementRun,
  events: readonly Tuple[],
  trace: unknown,
  principal: string | null,
): Steps<ReturnType<typeof answer>> {
  run.xid();
  for (const event of events) {
    // Whatever another transaction does fits between an xid and an id, and between two ids.
    yield undefined;
    const id = run.database.sequence("event_id").next();
    yield* run.insertNew("event", String(id), {
      id,
      ...event,
      trace,
      principal: principal === null ? null : JSON.parse(principal),
      at: new Date(run.now).toISOString().replace("Z", "000Z"),
    });
  }
  return answer("SELECT", [{ event_append: "" }]);
}

/** The statements of `framework/events/src/outbox`. */
export const outboxStatements: readonly KnownStatement[] = [
  {
    name: "outbox: append",
    sql: "select kerf.event_append($1::smallint, $2, $3, $4::integer, $5, $6, $7)",
    *work(run, [shard, name, key, version, payload, trace, principal]) {
      const event = { shard, name, key, version, payload: JSON.parse(payload) };
      return yield* append(run, [event], trace, principal);
    },
  },
  {
    name: "outbox: append several",
    sql: "select kerf.event_append($1::smallint[], $2, $3, $4, $5, $6, $7)",
    *work(run, [shards, names, keys, versions, payloads, trace, principal]) {
      const events = (shards as number[]).map((shard, n) => ({
        shard,
        name: names[n],
        key: keys[n],
        version: versions[n],
        payload: JSON.parse(payloads[n]),
      }));
      return yield* append(run, events, trace, principal);
    },
  },
  {
    name: "log: last value",
    sql: "select case when is_called then last_value else last_value - 1 end::text as last from kerf.event_id",
    // eslint-disable-next-line require-yield -- reads one thing
    *work(run) {
      return answer("SELECT", [{ last: String(run.database.sequence("event_id").last) }]);
    },
  },
  {
    name: "log: an xid of one's own",
    sql: "select pg_current_xact_id()::text as xid",
    // eslint-disable-next-line require-yield -- waits for nobody
    *work(run) {
      return answer("SELECT", [{ xid: String(run.xid()) }]);
    },
  },
  {
    name: "log: oldest in progress",
    sql: "select pg_snapshot_xmin(pg_current_snapshot())::text as xmin",
    // eslint-disable-next-line require-yield -- reads one thing
    *work(run) {
      return answer("SELECT", [{ xmin: String(run.server.xmin) }]);
    },
  },
  {
    name: "log: page",
    sql: `select e.id::text as id, e.shard, e.name, e.key, e.version, e.payload, e.trace, e.principal,
          to_char(e.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
        from unnest($1::smallint[], $2::bigint[]) as wanted(shard, after)
        cross join lateral (
          select * from kerf.event l where l.shard = wanted.shard and l.id > wanted.after
            order by l.id limit $5
        ) e where e.id <= $3 order by e.id limit $4`,
    // eslint-disable-next-line require-yield -- reads
    *work(run, [shards, after, head, limit, ofShard]) {
      const cursor = new Map<number, number>(
        (shards as number[]).map((shard, n) => [shard, Number(after[n])]),
      );
      const counts = new Map<number, number>();
      const rows = run
        .select(
          "event",
          ({ shard, id }) => id <= Number(head) && id > (cursor.get(shard) ?? Infinity),
        )
        .sort((a, b) => a["id"] - b["id"])
        .filter(({ shard }) => {
          const before = counts.get(shard) ?? 0;
          counts.set(shard, before + 1);
          return before < ofShard;
        })
        .slice(0, limit)
        .map((event) => ({ ...event, id: String(event["id"]) }));
      return answer("SELECT", rows);
    },
  },
  {
    name: "log: a reader tells where it stands",
    sql: `insert into kerf.event_reader (consumer, shard, watermark)
          select $1, * from unnest($2::smallint[], $3::bigint[])
          on conflict (consumer, shard) do update set watermark = excluded.watermark, seen_at = now()`,
    *work(run, [consumer, shards, watermarks]) {
      for (let n = 0; n < shards.length; n += 1) {
        const row = {
          consumer,
          shard: shards[n],
          watermark: Number(watermarks[n]),
          seenAt: run.now,
        };
        yield* run.upsert(
          "event_reader",
          `${consumer as string} ${shards[n] as number}`,
          row,
          () => row,
        );
      }
      return answer("INSERT", [], shards.length);
    },
  },
  {
    name: "log: identity",
    sql: "select identity::text as identity from kerf.event_log",
    // eslint-disable-next-line require-yield -- reads one thing
    *work(run) {
      return answer("SELECT", [{ identity: `00000000-0000-0000-0000-${run.database.name}` }]);
    },
  },
];
