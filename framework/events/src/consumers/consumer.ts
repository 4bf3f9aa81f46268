import { type CommandTransaction, type ServiceDatabase, SharedTransaction } from "@kerf/data";
import { type Clock, delay, describeError, KerfError, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { BrokerEntry } from "../broker.ts";
import type { LoggedEvent } from "../event.ts";
import type { LogPage, LogRequest } from "../outbox/log-reader.ts";
import type { ReadSpans } from "../read-spans.ts";
import { applyBatch, type BatchWork, lastIds, parkOne } from "./batch.ts";
import { type From, makePosition } from "./position.ts";
import { beatMs, type OwnedShard, ShardLeases, type Track } from "./shard-leases.ts";

/** Bound of one transaction of a consumer, milliseconds. */
const transactionMs = 15_000;
/** How long a read waits for news, milliseconds. */
const waitMs = 2_500;
/** Events in one transaction at most: few commits, and little to do again. */
const maxBatch = 200;
/** Transactions of one consumer at once, when many events wait. */
const lanes = 3;
/** How often an event is tried before its key is parked. */
const attempts = 5;
/** First and longest pause after a failure, milliseconds. */
const firstPauseMs = 50;
const longestPauseMs = 5_000;

/** First pause of one that owns nothing, milliseconds, doubled up to a beat: what it lost may be free in a moment. */
const firstRestMs = 250;

/** Reads a producer's log from a cursor, near or far. */
export type ReadPort = (request: LogRequest, signal: AbortSignal) => Promise<ReadPage>;

/** A page with the way that it came. */
export interface ReadPage extends LogPage {
  /** The broker that it came through, and what that gave; absent when it is out of the log itself. */
  readonly through?: { readonly destination: string; readonly entries: readonly BrokerEntry[] };
}

/** What a consumer is made of. */
export interface ConsumerOptions {
  /** The consuming service. */
  readonly service: string;
  readonly instance: string;
  /** The service whose log is read. */
  readonly producer: string;
  readonly read: ReadPort;
  readonly database: ServiceDatabase;
  /** Where it begins when it has no position yet; without it somebody else makes the position. */
  readonly from?: From;
  /** Which of its positions it moves. Default: `live`. */
  readonly track?: Track;
  /** Runs the handler of one event in the given transaction; events without one pass. */
  readonly apply: (event: LoggedEvent, transaction: CommandTransaction) => Promise<void>;
  /** Where reads are traced. */
  readonly reads?: ReadSpans | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/**
 * One instance of a consumer of one producer's log: each event takes effect once, in the order of its key. Its effect and the
 * watermark that says so commit together.
 */
export class Consumer {
  readonly #options: ConsumerOptions;
  readonly #leases: ShardLeases;
  readonly #track: Track;
  readonly #stopping = new AbortController();
  #owned = new Map<number, OwnedShard>();
  #beaten = Number.NEGATIVE_INFINITY;
  #nudge = new AbortController();
  #positioned = false;
  /** The others count with us. */
  #isMember = false;
  /** Some handler uses savepoints, which must not undo what another does. */
  #alone = false;
  #ended: Promise<void> | undefined;

  constructor(options: ConsumerOptions) {
    this.#options = options;
    this.#track = options.track ?? "live";
    this.#leases = new ShardLeases(options.database, { ...options, track: this.#track });
  }

  /** Runs the handler of one event in a transaction of whoever calls. */
  get apply(): ConsumerOptions["apply"] {
    return this.#options.apply;
  }

  /** Idempotent. */
  start(): void {
    this.#ended ??= this.#loop();
  }

  /** Ends after the transaction at hand and gives its shards back. The caller bounds it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    if (!this.#isMember) return;
    this.#isMember = false;
    this.#owned.clear();
    // One that owns nothing has a share kept for it as well. When the database is away, the leases run out by themselves.
    await this.#leases.release().catch(() => undefined);
  }

  /** Its position changed: looks at once what it owns now. */
  beatSoon(): void {
    this.#beaten = Number.NEGATIVE_INFINITY;
    this.#nudge.abort();
  }

  /** Applies what is there and answers how many events that were; for tests and tools. Waits up to `wait` milliseconds for some. */
  async runOnce(wait = 0): Promise<number> {
    const { clock, producer, read, reads, service } = this.#options;
    if (clock.now() - this.#beaten >= beatMs) await this.#beat();
    if (this.#owned.size === 0) return 0;
    const after = Object.fromEntries(
      [...this.#owned.values()].map(({ shard, watermark }) => [shard, watermark]),
    );
    const askedAt = clock.now();
    const page = await read(
      {
        consumer: service,
        after,
        waitMs: wait,
        ...(this.#track === "building" && { building: true }),
      },
      this.#stopping.signal,
    );
    reads?.page(page, askedAt);
    const work = {
      producer,
      track: this.#track,
      log: page.log,
      instance: this.#options.instance,
      alone: this.#alone,
      apply: this.#options.apply,
    };
    const ended = await Promise.allSettled(
      lanesOf(page.events).map((events) => this.#applyLane(events, work)),
    );
    const failed = ended.find((lane) => lane.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return page.events.length;
  }

  /** The events of some shards, a transaction after the other. */
  async #applyLane(events: readonly LoggedEvent[], work: BatchWork): Promise<void> {
    for (let start = 0; start < events.length; start += maxBatch) {
      if (this.#stopping.signal.aborted) return;
      await this.#apply(events.slice(start, start + maxBatch), { ...work, alone: this.#alone });
    }
  }

  async #loop(): Promise<void> {
    const { clock, log, producer, random } = this.#options;
    const { signal } = this.#stopping;
    for (let [failures, rests] = [0, 0]; !signal.aborted;) {
      try {
        await this.runOnce(waitMs);
        failures = 0;
        rests = this.#owned.size === 0 ? rests + 1 : 0;
        if (rests > 0)
          await this.#rest(Math.min(beatMs, firstRestMs * 2 ** Math.min(rests - 1, 10)));
      } catch (error) {
        if (signal.aborted) return;
        // Whoever took over does it; what else failed is tried again from what was committed.
        this.#beaten = Number.NEGATIVE_INFINITY;
        failures += 1;
        if (failures > 1)
          log.warn("events could not be read or applied; it is tried again", { producer, error });
        await delay(clock, pauseMs(failures, random), signal).catch(() => undefined);
      }
    }
  }

  /** Others own everything. */
  async #rest(ms: number): Promise<void> {
    this.#nudge = new AbortController();
    const either = AbortSignal.any([this.#stopping.signal, this.#nudge.signal]);
    await delay(this.#options.clock, ms, either).catch(() => undefined);
    this.#beaten = Number.NEGATIVE_INFINITY;
  }

  async #beat(): Promise<void> {
    const { from } = this.#options;
    if (!this.#positioned && from !== undefined) await makePosition(this.#options, from);
    this.#positioned = true;
    this.#isMember = true;
    const owned = await this.#leases.beat();
    this.#owned = new Map(owned.map((shard) => [shard.shard, shard]));
    this.#beaten = this.#options.clock.now();
  }

  /** All in one transaction; when that fails because of an event, one after the other, so that the culprit is found. */
  async #apply(events: readonly LoggedEvent[], work: BatchWork): Promise<void> {
    try {
      await this.#commit(events, (transaction) =>
        applyBatch(transaction, events, this.#owned, work),
      );
    } catch (error) {
      if (error instanceof SharedTransaction) {
        this.#alone = true;
        return this.#apply(events, { ...work, alone: true });
      }
      if (!isEventsFault(error)) throw error;
      for (const event of events) await this.#applyOne(event, work);
    }
  }

  async #applyOne(event: LoggedEvent, work: BatchWork): Promise<void> {
    const { clock, log, producer, random } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#commit([event], (transaction) =>
          applyBatch(transaction, [event], this.#owned, work),
        );
      } catch (error) {
        if (!isEventsFault(error)) throw error;
        if (attempt < attempts) {
          await delay(clock, pauseMs(attempt, random), this.#stopping.signal);
          continue;
        }
        await this.#commit([event], (transaction) =>
          parkOne(transaction, event, this.#owned, work, describeError(error).slice(0, 4_000)),
        );
        log.error("an event was parked, and with it what follows under its key", {
          producer,
          event: event.name,
          key: event.key,
          id: event.id,
          error,
        });
        return;
      }
    }
  }

  async #commit(
    events: readonly LoggedEvent[],
    work: (transaction: CommandTransaction) => Promise<void>,
  ): Promise<void> {
    const { clock, database } = this.#options;
    await database.inTransaction(clock.now() + transactionMs, work);
    for (const [shard, id] of lastIds(events)) {
      const owned = this.#owned.get(shard);
      if (owned !== undefined) owned.watermark = id;
    }
  }
}

/** Shards side by side, when there is enough to do: each shard in one lane, so that its order is kept. */
function lanesOf(events: readonly LoggedEvent[]): readonly (readonly LoggedEvent[])[] {
  if (events.length <= maxBatch) return [events];
  return [...Map.groupBy(events, ({ shard }) => shard % lanes).values()];
}

/** Whether the handler of an event is to blame, and not the database, the clock or another owner. */
function isEventsFault(error: unknown): boolean {
  if (!(error instanceof KerfError)) return true;
  return error.retry === "never" && error.code !== "stale_lease";
}

function pauseMs(failures: number, random: Random): number {
  const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10));
  return most * (0.5 + random.next() / 2);
}
