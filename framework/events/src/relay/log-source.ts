import type { ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";
import type { BrokerMessage } from "../broker.ts";
import type { LogReader } from "../outbox/log-reader.ts";

/** Events of one shard in one page at most; a page is 16 times that. */
const shardEvents = 256;
/** Bound of one statement, milliseconds. */
const statementMs = 5_000;
/** Pauses between two looks while nothing is appended in this process: the longer it has been quiet, the longer. */
const shortestPauseMs = 10;
const longestPauseMs = 500;

/** By shard, the last id that was read. */
export type ShardIds = readonly string[];

/** Messages in the order of their shards, and within a shard of their ids; and where the next page begins. */
export interface SourcePage {
  readonly messages: readonly BrokerMessage[];
  readonly after: ShardIds;
  /** When the look began that found them, monotonic milliseconds. */
  readonly lookedAt: number;
}

/** id, shard, key, the event as JSON up to its time, its time. */
type Row = readonly [string, number, string, string, string];

/** The page behind the one that was answered last: it is read while that one is made into messages and sent. */
interface Ahead {
  readonly after: ShardIds;
  readonly rows: Promise<readonly Row[]>;
}

/** Reads the log of one service as messages: every shard from its own cursor, up to where the log is final. */
export class LogSource {
  readonly #database: ServiceDatabase;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  #lastNews = Number.NEGATIVE_INFINITY;
  #more = false;
  #ahead: Ahead | undefined;

  constructor(database: ServiceDatabase, reader: LogReader, clock: Clock) {
    this.#database = database;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** What follows; waits up to `waitMs` for something to follow. Rejects when `signal` is aborted. */
  async read(
    log: string,
    after: ShardIds,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<SourcePage> {
    const end = this.#clock.now() + waitMs;
    for (;;) {
      signal.throwIfAborted();
      const lookedAt = this.#clock.now();
      const head = await this.#head(end, signal);
      const page = { ...(await this.#page(log, after, head)), lookedAt };
      const now = this.#clock.now();
      if (page.messages.length > 0) this.#lastNews = now;
      if (page.messages.length > 0 || now >= end) return page;
      const pause = Math.min(longestPauseMs, (now - this.#lastNews) / 4);
      await this.#reader.news(Math.min(Math.max(shortestPauseMs, pause), end - now), signal);
    }
  }

  /** While there was more than fits into a page, what was known to be final then is worth no further look. */
  async #head(end: number, signal: AbortSignal): Promise<bigint> {
    const { head } = this.#reader;
    if (this.#more) return head.known;
    return head.advance(Math.max(0, end - this.#clock.now()), signal);
  }

  async #page(log: string, after: ShardIds, head: bigint): Promise<Omit<SourcePage, "lookedAt">> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    // After a failure it is asked for what lies further back.
    const rows = await (ahead?.after === after ? ahead.rows : this.#rows(after, head));
    const last = [...after];
    const counts = new Uint16Array(after.length);
    for (const [id, shard] of rows) {
      last[shard] = id;
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    this.#more = counts.some((count) => count === shardEvents);
    if (this.#more) this.#readAhead(last, head);
    const previous = [...after];
    const messages = rows.map(([id, shard, key, event, at]) => {
      const message = {
        log,
        shard,
        id,
        previous: previous[shard] ?? "0",
        key,
        event: `${event}${isoTime(at)}"}`,
      };
      previous[shard] = id;
      return message;
    });
    return { messages, after: last };
  }

  #readAhead(after: ShardIds, head: bigint): void {
    const rows = this.#rows(after, head);
    // Looked at when its turn comes, if it does.
    rows.catch(() => undefined);
    this.#ahead = { after, rows };
  }

  async #rows(after: ShardIds, head: bigint): Promise<readonly Row[]> {
    const deadline = this.#clock.now() + statementMs;
    const { rows } = await this.#database.reads({ deadline }).raw.query({
      text: statement,
      values: [after, head.toString(), shardEvents],
      rowMode: "array",
    });
    return rows as unknown as Row[];
  }
}

/**
 * The JSON is put together there, where it costs nobody's garbage collection: nine values an event were most of a relay's time. The head is
 * compared with outside: two bounds inside make the planner expect few rows, and sort all that is left of a shard for each page.
 */
const statement = `
  select e.id::text, e.shard, e.key,
      '{"id":"' || e.id || '","shard":' || e.shard || ',"name":' || to_json(e.name) || ',"key":' || to_json(e.key)
        || ',"version":' || e.version || ',"payload":' || e.payload::text || ',"trace":' || to_json(e.trace)
        || ',"principal":' || coalesce(e.principal::text, 'null') || ',"at":"',
      (e.at at time zone 'utc')::text
    from unnest($1::bigint[]) with ordinality as wanted(after, n)
    cross join lateral (
      select * from kerf.event l where l.shard = wanted.n - 1 and l.id > wanted.after
        order by l.id limit $3
    ) e where e.id <= $2`;

/** PostgreSQL leaves zeros at the end out, and formatting on its side costs a quarter of the whole read. */
function isoTime(at: string): string {
  const [seconds, fraction = ""] = at.split(".");
  return `${(seconds as string).replace(" ", "T")}.${fraction.padEnd(6, "0")}Z`;
}
