/** One event on its way through a broker. The port of everything that carries events for us; its adapters are in `brokers/`. */
export interface BrokerMessage {
  /** Which log it is from: ids mean nothing in another. */
  readonly log: string;
  readonly shard: number;
  readonly id: string;
  /** Id of the event before it in the same shard of that log; "0" for the first. What came between would be missing. */
  readonly previous: string;
  readonly key: string;
  /** The event as JSON, a `LoggedEvent`. */
  readonly event: string;
}

/** A message as it lies in the broker. */
export interface BrokerEntry extends Omit<BrokerMessage, "key"> {
  /** Grows within a shard; holes are normal. */
  readonly position: bigint;
}

/** Where a shard begins and ends in a broker. */
export interface BrokerSpan {
  /** Nothing lies before it. */
  readonly first: bigint;
  /** Where the next message will lie, or before that. */
  readonly end: bigint;
}

/** What comes into some shards, from a position of each on. One caller at a time. */
export interface BrokerFollower {
  /**
   * What has come since, some 1,000 at most; none when nothing came within `waitMs`. May leave out what got lost on the way: the chain of
   * ids tells. Throws when it cannot go on; then it is closed and another one opened.
   */
  next(waitMs: number, signal: AbortSignal): Promise<readonly BrokerEntry[]>;
  /** Never rejects. Idempotent. */
  close(): Promise<void>;
}

/** The events of one producer in a broker. */
export interface BrokerLog {
  /** In the given order within each shard; resolves when the broker has acknowledged all, rejects when one is not acknowledged in time. */
  publish(messages: readonly BrokerMessage[]): Promise<void>;
  span(shard: number): Promise<BrokerSpan>;
  /** The first message of a shard at a position or after it, if there is one. */
  at(shard: number, position: bigint): Promise<BrokerEntry | undefined>;
  /** By shard, where to begin; messages before that may come too. */
  follow(from: ReadonlyMap<number, bigint>): Promise<BrokerFollower>;
}

/** Where a broker is, and who we are to it. */
export interface BrokerPlace {
  /**
   * `nats://host:4222/prefix` or `kafka://host:9092,host:9092/prefix`, with `tls` in front of the colon for TLS (`nats+tls://`). The prefix
   * sets environments apart; default `kerf`. `?replicas=3` is for streams and topics that are made, `?sasl=plain` for users of Kafka (default `scram-sha-512`).
   */
  readonly url: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Of NATS, instead of a user. */
  readonly token?: string | undefined;
  /** Of NATS, instead of both: the seed of a user's key (nkey), and what its account signed for it, where it has one. */
  readonly seed?: string | undefined;
  readonly jwt?: string | undefined;
  /** PEM of the authority that signed the broker's certificate, if that is not a public one. */
  readonly authority?: string | undefined;
}

/** A connection to a broker. */
export interface Broker {
  /** Names the place that events are published to, without credentials: a relay keeps its cursor under it. */
  readonly destination: string;
  /** The events of one producer; made in the broker when they are not there. */
  log(producer: string): Promise<BrokerLog>;
  /** Never rejects. Idempotent. */
  close(): Promise<void>;
}
