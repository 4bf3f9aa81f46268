import type { ServiceDatabase } from "@kerf/data";
import type { Clock } from "@kerf/kernel";
import type { LoggedEvent } from "../event.ts";
import { LogInspector } from "./log-inspector.ts";
import { StableHead } from "./stable-head.ts";

/** Bound of one statement, milliseconds. */
const statementMs = 5_000;
/** Events in one answer at most. */
const maxEvents = 1_000;
/**
 * Of one shard so many times its share of them, and never fewer than the second: a busy shard may have more than others, and what is read of all
 * beyond an answer is read for nothing.
 */
const shareOfShard = 2;
const leastOfShard = 128;
/** Characters of payload in one answer, about; at least one event is in it whatever its size. */
const maxCharacters = 1_048_576;
/** How long a reader waits at most without news, milliseconds; the call's deadline is longer. */
const longestWaitMs = 10_000;
/** Pauses between two looks while nothing is appended in this process, since other instances append as well: the longer it has been quiet, the longer. */
const shortestPauseMs = 10;
const longestPauseMs = 500;
/** How long a transaction in progress is waited for before what lies before it is looked at, milliseconds: one that goes on for long keeps back only what comes after it. */
const patienceMs = 50;
/** How long what a reader has told of itself holds, milliseconds; it is forgotten after 30 days. */
const toldMs = 3_600_000;
/** Readers that are remembered; more are forgotten, which costs a statement. */
const maxTold = 1_000;

/** Where a consumer stands: the last id that it has applied, by shard. */
export type Cursor = Readonly<Record<number, string>>;

/** What a consumer asks for. */
export interface LogRequest {
  readonly consumer: string;
  readonly after: Cursor;
  /** Waits so long for something to come, milliseconds. */
  readonly waitMs: number;
  /** Reads for tables that are built anew beside those that serve, and keeps its own place among the readers. */
  readonly building?: boolean;
  /** Only wants to know the head: nothing is kept for it. */
  readonly peek?: boolean;
}

/** What a log answers. */
export interface LogPage {
  /** Which log this is; ids of another mean nothing here. */
  readonly log: string;
  /** Of all asked shards, in the order of their ids. */
  readonly events: readonly LoggedEvent[];
  /** Up to here nothing is missing from the asked shards, when `events` is empty or short. */
  readonly head: string;
  readonly more: boolean;
  /** How long the log was waited for before the look that this is of, milliseconds. */
  readonly waitedMs?: number;
}

/** Reads one service's log for its consumers. */
export class LogReader {
  readonly #database: ServiceDatabase;
  readonly #clock: Clock;
  readonly #head: StableHead;
  /** The same log as operators look at it. */
  readonly inspector: LogInspector;
  #identity: string | undefined;
  /** What each reader told last, so that one without news costs no write. */
  readonly #tellings = new Map<string, { readonly cursor: string; readonly at: number }>();
  #news = Promise.withResolvers<void>();
  /** When something was last found, monotonic milliseconds. */
  #lastNews = Number.NEGATIVE_INFINITY;

  constructor(database: ServiceDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    this.#head = new StableHead(database, clock);
    this.inspector = new LogInspector(database, clock, this.#head);
  }

  /** Something was appended in this process: whoever waits looks at once. */
  nudge(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Up to where the log is final: looked at once for all who read it in this process. */
  get head(): StableHead {
    return this.#head;
  }

  /** Waits until something is appended in this process, milliseconds at most. */
  async news(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#until(this.#news.promise, ms, signal);
  }

  /** Events beyond the cursor, all of them final; waits for some when there are none. */
  async read(request: LogRequest, signal?: AbortSignal): Promise<LogPage> {
    const askedAt = this.#clock.now();
    const end = askedAt + Math.min(request.waitMs, longestWaitMs);
    if (request.peek !== true) await this.#told(request);
    let looked: bigint | undefined;
    for (;;) {
      const news = this.#news.promise;
      const lookedAt = this.#clock.now();
      const leftMs = Math.max(0, end - lookedAt);
      const head = await this.#head.advance(Math.min(patienceMs, leftMs), signal);
      const now = this.#clock.now();
      const over = now >= end || signal?.aborted === true;
      // What was looked at up to here holds nothing for this reader.
      if (head !== looked || over) {
        looked = head;
        const page = await this.#page(request.after, head);
        if (page.events.length > 0) this.#lastNews = now;
        if (page.events.length > 0 || over) return { ...page, waitedMs: lookedAt - askedAt };
      }
      const quietMs = now - this.#lastNews;
      const pause = Math.max(shortestPauseMs, Math.min(longestPauseMs, quietMs / 4));
      await this.#until(news, Math.min(pause, end - now), signal);
    }
  }

  /** Waits for news, for `ms` milliseconds at most; a signal of one's own for each wait would cost more than the look after it. */
  async #until(news: Promise<void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const goOn = (): void => resolve();
    const timer = this.#clock.after(ms, goOn);
    signal?.addEventListener("abort", goOn, { once: true });
    await Promise.race([news, promise]);
    timer.cancel();
    signal?.removeEventListener("abort", goOn);
  }

  async #page(after: Cursor, head: bigint): Promise<LogPage> {
    const wanted = Object.keys(after).map(Number);
    const share = Math.ceil((shareOfShard * maxEvents) / Math.max(1, wanted.length));
    const ofShard = Math.min(maxEvents, Math.max(leastOfShard, share));
    // The head is compared with outside: two bounds inside make the planner expect few rows, and sort all that is left of a shard.
    const { rows } = await this.#reads().query<LoggedEvent>(
      `select e.id::text as id, e.shard, e.name, e.key, e.version, e.payload, e.trace, e.principal,
          to_char(e.at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
        from unnest($1::smallint[], $2::bigint[]) as wanted(shard, after)
        cross join lateral (
          select * from kerf.event l where l.shard = wanted.shard and l.id > wanted.after
            order by l.id limit $5
        ) e where e.id <= $3 order by e.id limit $4`,
      [wanted, wanted.map((shard) => after[shard]), head.toString(), maxEvents, ofShard],
    );
    const events = bounded(rows);
    return {
      log: await this.#logIdentity(),
      events,
      head: head.toString(),
      more: events.length < rows.length || rows.length === maxEvents || fillsShard(rows, ofShard),
    };
  }

  /** Keeps what this consumer has not applied yet from being dropped. */
  async #told({ consumer: service, after, building }: LogRequest): Promise<void> {
    const consumer = building === true ? `${service} (building)` : service;
    const cursor = JSON.stringify(after);
    // One reader may be several instances with shards of their own.
    const reader = `${consumer} ${Object.keys(after).join()}`;
    const told = this.#tellings.get(reader);
    const now = this.#clock.now();
    if (told?.cursor === cursor && now - told.at < toldMs) return;
    if (this.#tellings.size >= maxTold) this.#tellings.clear();
    const wanted = Object.keys(after).map(Number);
    await this.#database.inTransaction(now + statementMs, ({ raw }) =>
      raw.query(
        `insert into kerf.event_reader (consumer, shard, watermark)
          select $1, * from unnest($2::smallint[], $3::bigint[])
          on conflict (consumer, shard) do update set watermark = excluded.watermark, seen_at = now()`,
        [consumer, wanted, wanted.map((shard) => after[shard])],
      ),
    );
    this.#tellings.set(reader, { cursor, at: now });
  }

  async #logIdentity(): Promise<string> {
    if (this.#identity === undefined) {
      const { rows } = await this.#reads().query<{ identity: string }>(
        "select identity::text as identity from kerf.event_log",
      );
      this.#identity = rows[0]?.identity ?? "";
    }
    return this.#identity;
  }

  #reads() {
    return this.#database.reads({ deadline: this.#clock.now() + statementMs }).raw;
  }
}

/** Whether some shard has as many as are read of one. */
function fillsShard(rows: readonly LoggedEvent[], most: number): boolean {
  const counts = new Map<number, number>();
  for (const { shard } of rows) counts.set(shard, (counts.get(shard) ?? 0) + 1);
  return [...counts.values()].some((count) => count >= most);
}

function bounded(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
  let characters = 0;
  const end = events.findIndex((event, index) => {
    characters += JSON.stringify(event.payload).length;
    return index > 0 && characters > maxCharacters;
  });
  return end < 0 ? events : events.slice(0, end);
}
