import type { ServiceDatabase } from "@kerf/data";
import { type Clock, delay, type Random } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Broker, BrokerLog } from "../broker.ts";
import { beatMs } from "../consumers/shard-leases.ts";
import type { LogReader } from "../outbox/log-reader.ts";
import type { ReadSpans } from "../read-spans.ts";
import { RelayLease, type RelayTerm } from "./lease.ts";
import { LogSource, type ShardIds, type SourcePage } from "./log-source.ts";

/** Pages on their way to the broker at once: one that is being acknowledged, one that is being sent, one that is being read. */
const depth = 3;
/** How long a read waits for news, milliseconds; shorter than the lease. */
const waitMs = 2_500;
/** Between two moves of the cursor while there is always more, milliseconds: what a crash publishes again. */
const saveMs = 200;
/** How often the log is told how far the relay is, milliseconds; only dropping old partitions waits for it. */
const tellMs = 60_000;
/** First and longest pause after a failure, milliseconds. */
const firstPauseMs = 50;
const longestPauseMs = 5_000;

/** What a relay is made of. */
export interface RelayOptions {
  /** The producer. */
  readonly service: string;
  readonly instance: string;
  readonly database: ServiceDatabase;
  readonly reader: LogReader;
  readonly broker: Broker;
  /** Where reads are traced. */
  readonly reads?: ReadSpans | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
}

/** A page on its way, and where the shards are once it has been acknowledged. */
interface Flight {
  readonly after: ShardIds;
  readonly published: Promise<void>;
}

/**
 * Publishes one service's log to a broker, from one instance at a time: pages follow each other without waiting, the cursor moves once the
 * broker has acknowledged, and after a failure everything behind the cursor is published again. Whoever reads takes no harm from that:
 * every message says which one was before it.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #lease: RelayLease;
  readonly #source: LogSource;
  readonly #stopping = new AbortController();
  #term: RelayTerm | undefined;
  /** Whether more is acknowledged than the cursor says. */
  #ahead = false;
  #saved = Number.NEGATIVE_INFINITY;
  #told = Number.NEGATIVE_INFINITY;
  #ended: Promise<void> | undefined;

  constructor(options: RelayOptions) {
    const { broker, clock, database, instance, reader } = options;
    const { destination } = broker;
    this.#options = options;
    this.#lease = new RelayLease(database, { destination, instance, clock });
    this.#source = new LogSource(database, reader, clock);
  }

  /** Idempotent. */
  start(): void {
    this.#ended ??= this.#loop();
  }

  /** Ends after what is on its way and gives the lease back. The caller bounds it. Idempotent. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    const term = this.#term;
    this.#term = undefined;
    // When the database is away, the lease runs out by itself.
    if (term !== undefined) await this.#lease.release(term).catch(() => undefined);
  }

  async #loop(): Promise<void> {
    const { broker, clock, log, random, service } = this.#options;
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      try {
        this.#term = await this.#lease.take();
        if (this.#term === undefined) await delay(clock, beatMs, signal);
        else {
          const destination = await broker.log(service);
          await this.#publishAll(destination, () => (failures = 0));
        }
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (failures > 1) {
          log.warn("events could not be published; it is tried again from the last acknowledged", {
            error,
          });
        }
        const most = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(failures - 1, 10));
        await delay(clock, most * (0.5 + random.next() / 2), signal).catch(() => undefined);
      }
    }
  }

  /** Ends by throwing: when something fails, somebody else has taken over, or this is stopped. */
  async #publishAll(destination: BrokerLog, succeeded: () => void): Promise<void> {
    const flights: Flight[] = [];
    let { acknowledged: after } = this.#owned;
    try {
      for (;;) {
        const page = await this.#read(after, flights.length);
        ({ after } = page);
        this.#options.reads?.messages(page.messages, page.lookedAt);
        const isNews = page.messages.length > 0;
        if (isNews) flights.push({ after, published: sent(destination.publish(page.messages)) });
        while (flights.length > (isNews ? depth - 1 : 0)) {
          await this.#acknowledge(flights);
          succeeded();
        }
        await this.#save();
      }
    } finally {
      // Nothing goes on behind the back of whoever comes next, and what is acknowledged without a hole counts.
      await Promise.allSettled(flights.map(({ published }) => published));
      while (flights.length > 0) await this.#acknowledge(flights);
    }
  }

  /** While something is on its way nothing else is waited for. */
  #read(after: ShardIds, flights: number): Promise<SourcePage> {
    let wait = this.#ahead ? saveMs : waitMs;
    if (flights > 0) wait = 0;
    return this.#source.read(this.#owned.log, after, wait, this.#stopping.signal);
  }

  /** Waits for the first flight; rejects, and leaves it where it is, when it was not acknowledged. */
  async #acknowledge(flights: Flight[]): Promise<void> {
    const [{ after, published }] = flights as [Flight];
    await published;
    flights.shift();
    this.#term = { ...this.#owned, acknowledged: after };
    this.#ahead = true;
  }

  /** Moves the cursor, which is also how others know that this one lives. */
  async #save(): Promise<void> {
    const now = this.#options.clock.now();
    if (now - this.#saved >= (this.#ahead ? saveMs : beatMs)) {
      await this.#lease.advance(this.#owned);
      this.#ahead = false;
      this.#saved = now;
    }
    if (now - this.#told >= tellMs) {
      await this.#lease.tell(this.#owned);
      this.#told = now;
    }
  }

  get #owned(): RelayTerm {
    return this.#term as RelayTerm;
  }
}

/** A rejection is looked at when its turn comes, and no sooner. */
function sent(publishing: Promise<void>): Promise<void> {
  publishing.catch(() => undefined);
  return publishing;
}
