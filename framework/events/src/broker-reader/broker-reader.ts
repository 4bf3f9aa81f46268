import type { Clock } from "@kerf/kernel";
import type { Logger } from "@kerf/telemetry";
import type { Broker, BrokerEntry, BrokerFollower, BrokerLog } from "../broker.ts";
import type { ReadPort } from "../consumers/consumer.ts";
import type { LoggedEvent } from "../event.ts";
import type { LogPage, LogRequest } from "../outbox/log-reader.ts";
import { seek } from "./seek.ts";
import { ShardState } from "./shard-state.ts";

/** How long a shard may be quiet in the broker before the log itself is asked, milliseconds. */
const quietMs = 30_000;
/** How often the log is told where this reader is, milliseconds, so that it can drop what nobody needs. */
const tellMs = 3_600_000;
/** How long a broker that failed is left alone, milliseconds. */
const awayMs = 5_000;

/** Events that a reader has given to its consumer: out of the broker, and out of the producer's own log. */
export interface ReadCounts {
  fromBroker: number;
  fromLog: number;
}

/** What reading through a broker takes. */
export interface BrokerReaderOptions {
  readonly producer: string;
  readonly broker: Broker;
  /** Reads the producer's own log over the call path. */
  readonly ownLog: ReadPort;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Reads a producer's log through a broker, for one consumer. The broker is trusted with nothing: every event names the one before it, so
 * what is given twice is left out, and what is missing is read from the producer's own log. That is also asked about shards
 * that have been quiet for long, since what is missing at the end nothing names; and it is read while the broker is away.
 */
export class BrokerReader {
  readonly #options: BrokerReaderOptions;
  readonly #shards = new Map<number, ShardState>();
  /** Which log is read. */
  #identity: string | undefined;
  /** Another log whose messages lie in the broker, and which the own log was asked about. */
  #foreign: string | undefined;
  #destination: BrokerLog | undefined;
  #follower: BrokerFollower | undefined;
  #told = Number.NEGATIVE_INFINITY;
  #awayUntil = Number.NEGATIVE_INFINITY;
  readonly #counts: ReadCounts = { fromBroker: 0, fromLog: 0 };

  constructor(options: BrokerReaderOptions) {
    this.#options = options;
  }

  /** One at a time. */
  readonly read: ReadPort = async (request, signal) => {
    const { broker, clock, log, ownLog } = this.#options;
    const askedAt = clock.now();
    const end = askedAt + request.waitMs;
    // Tables that are built anew read what is old, for a while; they need no place in the broker.
    if (request.peek === true || request.building === true) return ownLog(request, signal);
    this.#expect(request);
    if (clock.now() < this.#awayUntil) return this.#ownPage(request, signal);
    for (;;) {
      const page = await this.#askLog(request, signal);
      if (page !== undefined) return page;
      let entries: readonly BrokerEntry[];
      let waitedMs: number;
      let events: readonly LoggedEvent[];
      try {
        entries = await this.#next(Math.max(0, end - clock.now()), signal);
        // A broker sends by itself: until something is here nothing is done for it.
        waitedMs = clock.now() - askedAt;
        events = this.#take(entries);
      } catch (error) {
        await this.close();
        if (signal.aborted) throw error;
        log.warn("the broker failed; the log itself is read for a while", { error });
        this.#awayUntil = clock.now() + awayMs;
        return this.#ownPage({ ...request, waitMs: Math.max(0, end - clock.now()) }, signal);
      }
      this.#counts.fromBroker += events.length;
      if (events.length > 0 || clock.now() >= end || signal.aborted) {
        const through = { destination: broker.destination, entries };
        const page = { log: this.#identity ?? "", events, head: "0", more: false };
        return { ...page, waitedMs, through };
      }
    }
  };

  /** How many events came which way since this process began. */
  get counts(): Readonly<ReadCounts> {
    return this.#counts;
  }

  /** Never rejects; whoever reads afterwards begins anew. Idempotent. */
  async close(): Promise<void> {
    const follower = this.#follower;
    this.#follower = undefined;
    this.#destination = undefined;
    for (const shard of this.#shards.values()) shard.lost = true;
    await follower?.close();
  }

  /** Makes what is about to be read follow what the consumer has: it may have failed, or got other shards. */
  #expect({ after }: LogRequest): void {
    for (const shard of this.#shards.keys())
      if (after[shard] === undefined) this.#shards.delete(shard);
    for (const [key, id] of Object.entries(after)) {
      const state = this.#shards.get(Number(key));
      if (state?.delivered === BigInt(id)) continue;
      const heard = state?.heard ?? Number.NEGATIVE_INFINITY;
      this.#shards.set(Number(key), new ShardState(id, heard));
    }
  }

  async #ownPage(request: LogRequest, signal: AbortSignal): Promise<LogPage> {
    const page = await this.#options.ownLog(request, signal);
    this.#counts.fromLog += page.events.length;
    return page;
  }

  /** Asks the log about shards that need it; undefined when it has nothing more than the broker. */
  async #askLog(request: LogRequest, signal: AbortSignal): Promise<LogPage | undefined> {
    const { clock, log } = this.#options;
    const now = clock.now();
    const all = now - this.#told >= tellMs;
    const asked = [...this.#shards].filter(([, { heard }]) => all || now - heard >= quietMs);
    if (asked.length === 0) return undefined;
    const after = Object.fromEntries(
      asked.map(([shard, { delivered }]) => [shard, `${delivered}`]),
    );
    let page: LogPage;
    try {
      page = await this.#ownPage({ ...request, after, waitMs: 0 }, signal);
    } catch (error) {
      const nothingYet = asked.every(([, { delivered }]) => delivered === 0n);
      const needed = asked.some(([, { gap }]) => gap);
      // Whoever begins must learn from the log itself which log it is.
      if (needed || (nothingYet && this.#identity === undefined) || signal.aborted) throw error;
      // The producer is away, and what the broker has can be applied meanwhile.
      log.warn("the log could not be asked whether the broker has everything", { error });
      for (const [, state] of asked) state.asked("0", now);
      return undefined;
    }
    if (all) this.#told = now;
    if (this.#identity !== page.log) {
      this.#identity = page.log;
      for (const state of this.#shards.values()) state.lost = true;
    }
    for (const [, state] of asked) state.asked(page.more ? undefined : page.head, now);
    for (const { id, shard } of page.events) this.#shards.get(shard)?.deliver(id, now);
    if (page.more) for (const [, state] of asked) state.ask();
    return page.events.length > 0 ? page : undefined;
  }

  /** What the broker has next. */
  async #next(waitMs: number, signal: AbortSignal): Promise<readonly BrokerEntry[]> {
    const { broker, producer } = this.#options;
    const lost = [...this.#shards].filter(([, state]) => state.lost);
    if (lost.length > 0 || this.#follower === undefined) {
      await this.#follower?.close();
      this.#follower = undefined;
      const destination = (this.#destination ??= await broker.log(producer));
      await Promise.all(
        lost.map(async ([shard, state]) => {
          const place = { log: this.#identity, shard, after: state.delivered };
          state.sought(await seek(destination, place));
        }),
      );
      this.#follower = await destination.follow(
        new Map([...this.#shards].map(([shard, { position }]) => [shard, position])),
      );
    }
    return this.#follower.next(waitMs, signal);
  }

  /** Of what has come, the events that are next. */
  #take(entries: readonly BrokerEntry[]): readonly LoggedEvent[] {
    const now = this.#options.clock.now();
    const events: LoggedEvent[] = [];
    for (const entry of entries) {
      const state = this.#shards.get(entry.shard);
      if (state === undefined || state.lost || entry.position < state.position) continue;
      state.position = entry.position + 1n;
      // Known unless the log could not be asked yet; then the consumer's own watermark says whether it is the right one.
      const verdict = state.judge(entry, (this.#identity ??= entry.log));
      if (verdict === "next") {
        state.deliver(entry.id, now);
        events.push(JSON.parse(entry.event) as LoggedEvent);
      } else if (verdict === "gap") state.miss();
      else if (verdict === "foreign" && this.#foreign !== entry.log) {
        // The log may have become another one.
        this.#foreign = entry.log;
        state.ask();
      }
    }
    return events;
  }
}
