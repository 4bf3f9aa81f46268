import type { ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";
import type { LoggedEvent } from "../event.ts";
import type { Cursor } from "./log-reader.ts";
import { shardOf } from "./shard.ts";
import type { StableHead } from "./stable-head.ts";

/** Bound of one of its statements, milliseconds: it looks through days of events. */
const statementMs = 15_000;
/** How long a transaction in progress is waited for, milliseconds: an instance that has just come does not know yet what is final. */
const patienceMs = 1_000;
/** Events in one answer at most. */
const maxEvents = 1_000;

/** A transaction that is in progress somewhere on the database server. */
export interface Blocker {
  readonly pid: number;
  readonly database: string | null;
  readonly role: string | null;
}

/** A log as operators see it. */
export interface LogState {
  readonly log: string;
  /** Up to here it is final and can be read. */
  readonly head: string;
  /** The last id that was drawn; beyond the head when a transaction is in progress. */
  readonly last: string;
  /** What keeps the head back, when something does. */
  readonly blockedBy: Blocker | null;
  readonly oldest: string | null;
}

/** How far behind a position is. */
export interface Behind {
  readonly events: number;
  /** When the oldest of them was committed, ISO 8601. */
  readonly since: string | null;
}

const columns = `id::text as id, shard, name, key, version, payload, trace, principal,
  to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`;

/** Looks at a log for operators. */
export class LogInspector {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #head: StableHead;

  constructor(database: ServiceDatabase, clock: Clock, head: StableHead) {
    this.#database = database;
    this.#clock = clock;
    this.#head = head;
  }

  async state(): Promise<LogState> {
    const head = await this.#head.advance(patienceMs);
    const { rows } = await this.#query<Omit<LogState, "head" | "blockedBy"> & Partial<Blocker>>(
      `select (select identity::text from kerf.event_log) as log,
          (select min(at)::text from kerf.event) as oldest,
          case when is_called then last_value else last_value - 1 end::text as last,
          l.pid, a.datname as database, a.usename as role
        from kerf.event_id
        left join pg_locks l on l.locktype = 'transactionid' and l.granted and l.mode = 'ExclusiveLock'
          and l.transactionid = pg_snapshot_xmin(pg_current_snapshot())::xid
        left join pg_stat_activity a on a.pid = l.pid limit 1`,
      [],
    );
    const [{ log, oldest, last, pid, database, role }] = rows as [(typeof rows)[0]];
    const isBehind = BigInt(last) > head && pid !== undefined && pid !== null;
    return {
      log,
      head: head.toString(),
      last,
      oldest,
      blockedBy: isBehind ? { pid, database: database ?? null, role: role ?? null } : null,
    };
  }

  /** What lies beyond a cursor. */
  async behind(after: Cursor): Promise<Behind> {
    const wanted = Object.keys(after).map(Number);
    const { rows } = await this.#query<Behind>(
      `select count(*)::int as events, min(e.at)::text as since
        from unnest($1::smallint[], $2::bigint[]) as wanted(shard, after)
        join kerf.event e on e.shard = wanted.shard and e.id > wanted.after`,
      [wanted, wanted.map((shard) => after[shard])],
    );
    return rows[0] as Behind;
  }

  /** Final events beyond an id, oldest first; without one the newest few. */
  async tail(after: string | undefined, limit: number): Promise<LoggedEvent[]> {
    const head = await this.#head.advance(patienceMs);
    const most = Math.min(limit, maxEvents);
    const { rows } =
      after === undefined
        ? await this.#query<LoggedEvent>(
            `select * from (select ${columns} from kerf.event where id <= $1 order by kerf.event.id desc limit $2) e
              order by e.id::bigint`,
            [head.toString(), most],
          )
        : await this.#query<LoggedEvent>(
            `select ${columns} from kerf.event where kerf.event.id > $1 and kerf.event.id <= $2
              order by kerf.event.id limit $3`,
            [after, head.toString(), most],
          );
    return rows;
  }

  /** What was emitted under a key, oldest first. */
  async history(key: string): Promise<LoggedEvent[]> {
    const { rows } = await this.#query<LoggedEvent>(
      `select ${columns} from kerf.event where kerf.event.shard = $3 and kerf.event.key = $1
        order by kerf.event.id limit $2`,
      [key, maxEvents, shardOf(key)],
    );
    return rows;
  }

  /** The last id that was committed before a time, ISO 8601; `0` when there is none. */
  async before(time: string): Promise<string> {
    const { rows } = await this.#query<{ id: string | null }>(
      "select max(id)::text as id from kerf.event where at < $1::timestamptz",
      [time],
    );
    return rows[0]?.id ?? "0";
  }

  #query<Row extends object>(statement: string, values: unknown[]) {
    return this.#database
      .reads({ deadline: this.#clock.now() + statementMs })
      .raw.query<Row>(statement, values);
  }
}
