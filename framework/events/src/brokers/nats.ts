import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  JetStreamApiCodes,
  JetStreamApiError,
  type MsgRequest,
} from "@nats-io/jetstream";
import {
  type Authenticator,
  connect,
  jwtAuthenticator,
  type MsgHdrs,
  type NatsConnection,
  nanos,
  nkeyAuthenticator,
  tokenAuthenticator,
  usernamePasswordAuthenticator,
} from "@nats-io/transport-node";
import { type Clock, delay, KerfError } from "@kerf/kernel";
import type {
  Broker,
  BrokerEntry,
  BrokerFollower,
  BrokerLog,
  BrokerMessage,
  BrokerPlace,
  BrokerSpan,
} from "../broker.ts";
import { cannotBeUsed } from "./cannot-be-used.ts";
import { NatsPublisher } from "./nats-publisher.ts";
import type { BrokerAddress } from "./open.ts";

/** Until an answer is given up, milliseconds. */
const answerMs = 5_000;
/** How long a stream that we make keeps messages, milliseconds: as long as a log keeps events. */
const keepMs = 7 * 24 * 3_600_000;
/** How long a stream knows the ids of messages, milliseconds: what is published again within it is stored once. */
const duplicatesMs = 120_000;
/** Messages of one pull, and how long it stays open, milliseconds. */
const pullMessages = 500;
const pullMs = 5_000;
/** How long the server keeps a reader that does not ask, milliseconds. */
const readerMs = 60_000;

/** JetStream: a stream for each producer, a subject for each of its shards, the stream's sequence as position. */
export class NatsBroker implements Broker {
  readonly destination: string;
  readonly #address: BrokerAddress;
  readonly #place: BrokerPlace;
  readonly #clock: Clock;
  #connecting: Promise<NatsConnection> | undefined;
  #publisher: NatsPublisher | undefined;

  constructor(address: BrokerAddress, place: BrokerPlace, clock: Clock) {
    this.#address = address;
    this.#place = place;
    this.#clock = clock;
    this.destination = address.destination;
  }

  async log(producer: string): Promise<BrokerLog> {
    try {
      return await this.#open(producer);
    } catch (thrown) {
      throw cannotBeUsed(this.destination, thrown);
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connecting?.catch(() => undefined);
    await connection?.close();
  }

  async #open(producer: string): Promise<BrokerLog> {
    const connection = await (this.#connecting ??= this.#connect());
    const { prefix, replicas } = this.#address;
    const client = jetstream(connection, { timeout: answerMs });
    const manager = await jetstreamManager(connection, { timeout: answerMs, checkAPI: false });
    const name = `${prefix}_${producer}`;
    const subject = `${prefix}.${producer}`;
    try {
      await manager.streams.info(name);
    } catch (error) {
      const isMissing =
        error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
      if (!isMissing) throw error;
      await manager.streams.add({
        name,
        subjects: [`${subject}.*`],
        storage: StorageType.File,
        retention: RetentionPolicy.Limits,
        max_age: nanos(keepMs),
        duplicate_window: nanos(duplicatesMs),
        num_replicas: replicas,
      });
    }
    const publisher = (this.#publisher ??= new NatsPublisher(connection, this.#clock));
    return new NatsLog({ client, manager, publisher, name, subject, clock: this.#clock });
  }

  #connect(): Promise<NatsConnection> {
    const { servers, tls } = this.#address;
    const { authority } = this.#place;
    const authenticator = authenticatorOf(this.#place);
    const connecting = connect({
      servers: [...servers],
      name: "kerf",
      maxReconnectAttempts: -1,
      timeout: answerMs,
      ...(authenticator === undefined ? undefined : { authenticator }),
      ...(tls ? { tls: authority === undefined ? {} : { ca: authority } } : undefined),
    });
    // One that fails, or that the server ends for good because it does not know us any more, makes room for the next.
    const forget = (): void => {
      if (this.#connecting !== connecting) return;
      this.#connecting = undefined;
      this.#publisher = undefined;
    };
    connecting.then((connection) => connection.closed()).then(forget, forget);
    return connecting;
  }
}

/** How we say who we are, where the broker's file says it. */
function authenticatorOf({
  jwt,
  password,
  seed,
  token,
  user,
}: BrokerPlace): Authenticator | undefined {
  const key = seed === undefined ? undefined : new TextEncoder().encode(seed);
  if (jwt !== undefined) return jwtAuthenticator(jwt, key);
  if (key !== undefined) return nkeyAuthenticator(key);
  if (token !== undefined) return tokenAuthenticator(token);
  return user === undefined ? undefined : usernamePasswordAuthenticator(user, password);
}

interface Parts {
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly publisher: NatsPublisher;
  /** Of the stream. */
  readonly name: string;
  readonly subject: string;
  readonly clock: Clock;
}

class NatsLog implements BrokerLog {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  publish(messages: readonly BrokerMessage[]): Promise<void> {
    return this.#parts.publisher.publish(this.#parts.subject, messages);
  }

  async span(): Promise<BrokerSpan> {
    const { state } = await this.#parts.manager.streams.info(this.#parts.name);
    return { first: BigInt(state.first_seq), end: BigInt(state.last_seq) + 1n };
  }

  async at(shard: number, position: bigint): Promise<BrokerEntry | undefined> {
    const { manager, name, subject } = this.#parts;
    // The server takes both together, which the driver's types leave out.
    const wanted = { seq: Number(position), next_by_subj: `${subject}.${shard}` } as MsgRequest;
    const found = await manager.streams.getMessage(name, wanted);
    if (found === null) return undefined;
    return entryOf(found.subject, found.seq, found.header, found.string());
  }

  async follow(from: ReadonlyMap<number, bigint>): Promise<BrokerFollower> {
    const { client, manager, name, subject, clock } = this.#parts;
    const start = [...from.values()].reduce((least, each) => (each < least ? each : least));
    const { name: reader } = await manager.consumers.add(name, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, Number(start)),
      filter_subjects: [...from.keys()].map((shard) => `${subject}.${shard}`),
      inactive_threshold: nanos(readerMs),
      mem_storage: true,
      num_replicas: 1,
    });
    return new NatsFollower(await client.consumers.get(name, reader), clock);
  }
}

/** Pulls without acknowledging: what is lost on the way shows in the chain. One pull at a time bounds what waits here. */
class NatsFollower implements BrokerFollower {
  readonly #consumer: Consumer;
  readonly #clock: Clock;
  #closed = false;
  #pulling: ConsumerMessages | undefined;
  #waiting: BrokerEntry[] = [];
  #news = Promise.withResolvers<void>();
  #wanted = Promise.withResolvers<void>();
  #failure: Error | undefined;

  constructor(consumer: Consumer, clock: Clock) {
    this.#consumer = consumer;
    this.#clock = clock;
    void this.#pull();
  }

  async next(waitMs: number, signal: AbortSignal): Promise<readonly BrokerEntry[]> {
    if (this.#waiting.length === 0 && this.#failure === undefined) {
      const over = new AbortController();
      const either = AbortSignal.any([signal, over.signal]);
      await Promise.race([
        this.#news.promise,
        delay(this.#clock, waitMs, either).catch(() => undefined),
      ]);
      over.abort();
    }
    const entries = this.#waiting;
    this.#waiting = [];
    this.#wanted.resolve();
    if (entries.length === 0 && this.#failure !== undefined) throw this.#failure;
    return entries;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pulling?.stop();
    this.#wanted.resolve();
    // One that cannot be deleted is forgotten by the server.
    await this.#consumer.delete().catch(() => false);
  }

  async #pull(): Promise<void> {
    try {
      while (!this.#closed) {
        const since = this.#clock.now();
        const options = { max_messages: pullMessages, expires: pullMs };
        const messages = await this.#consumer.fetch(options);
        this.#pulling = messages;
        let count = 0;
        for await (const { subject, seq, headers: header, data } of messages) {
          this.#waiting.push(entryOf(subject, seq, header, text.decode(data)));
          count += 1;
          this.#tell();
        }
        // A server that has forgotten the reader answers at once, with nothing.
        if (count === 0 && this.#clock.now() - since < pullMs / 2 && !this.#closed)
          throw forgotten();
        if (this.#waiting.length > pullMessages) await this.#taken();
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#tell();
    }
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  async #taken(): Promise<void> {
    this.#wanted = Promise.withResolvers();
    await this.#wanted.promise;
  }
}

const text = new TextDecoder();

function entryOf(
  subject: string,
  sequence: number,
  header: MsgHdrs | undefined,
  event: string,
): BrokerEntry {
  return {
    log: header?.get("Kerf-Log") ?? "",
    shard: Number(subject.slice(subject.lastIndexOf(".") + 1)),
    id: header?.get("Kerf-Id") ?? "0",
    previous: header?.get("Kerf-Previous") ?? "0",
    event,
    position: BigInt(sequence),
  };
}

function forgotten(): KerfError {
  return new KerfError("unavailable", {
    message: "The broker does not know this reader any more.",
    why: "It was started anew, or nobody asked for a while.",
    fix: "Nothing: another one begins where this one was.",
  });
}
