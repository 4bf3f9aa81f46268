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
}

/** id, shard, name, key, version, payload, trace, principal, at. */
type Row = [string, number, string, string, number, string, string, string | null, string];

/** Reads the log of one service as messages: every shard from its own cursor, up to where the log is final. */
export class LogSource {
  readonly #database: ServiceDatabase;
  readonly #reader: LogReader;
  readonly #clock: Clock;
  #lastNews = Number.NEGATIVE_INFINITY;
  #more = false;

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
      const head = await this.#head(end, signal);
      const page = await this.#page(log, after, head);
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

  async #page(log: string, after: ShardIds, head: bigint): Promise<SourcePage> {
    const deadline = this.#clock.now() + statementMs;
    const { rows } = await this.#database.reads({ deadline }).raw.query({
      text: statement,
      values: [after, head.toString(), shardEvents],
      rowMode: "array",
    });
    const last = [...after];
    const counts = new Uint16Array(after.length);
    const messages = (rows as unknown as Row[]).map((row) => {
      const [id, shard, , key] = row;
      const previous = last[shard] ?? "0";
      last[shard] = id;
      counts[shard] = (counts[shard] ?? 0) + 1;
      return { log, shard, id, previous, key, event: asJson(row) };
    });
    this.#more = counts.some((count) => count === shardEvents);
    return { messages, after: last };
  }
}

/** The head is compared with outside: two bounds inside make the planner expect few rows, and sort all that is left of a shard for each page. */
const statement = `
  select e.id::text, e.shard, e.name, e.key, e.version, e.payload::text, e.trace, e.principal::text,
      (e.at at time zone 'utc')::text
    from unnest($1::bigint[]) with ordinality as wanted(after, n)
    cross join lateral (
      select * from kerf.event l where l.shard = wanted.n - 1 and l.id > wanted.after
        order by l.id limit $3
    ) e where e.id <= $2`;

/** The event as JSON, without parsing what is JSON already. */
function asJson([id, shard, name, key, version, payload, trace, principal, at]: Row): string {
  return `{"id":"${id}","shard":${shard},"name":${JSON.stringify(name)},"key":${JSON.stringify(key)},"version":${version},"payload":${payload},"trace":${JSON.stringify(trace)},"principal":${principal ?? "null"},"at":"${isoTime(at)}"}`;
}

/** PostgreSQL leaves zeros at the end out, and formatting on its side costs a quarter of the whole read. */
function isoTime(at: string): string {
  const [seconds, fraction = ""] = at.split(".");
  return `${(seconds as string).replace(" ", "T")}.${fraction.padEnd(6, "0")}Z`;
}
