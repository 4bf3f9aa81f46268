import { Admin, type BaseOptions, Consumer, ProduceAcks, Producer } from "@platformatic/kafka";
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
import { shards } from "../outbox/shard.ts";
import { cannotBeUsed } from "./cannot-be-used.ts";
import type { BrokerAddress } from "./open.ts";

/** Until an answer is given up, milliseconds. */
const answerMs = 5_000;
/** How long one fetch waits for news, milliseconds; others on the same connection would wait behind it. */
const fetchMs = 2_500;
/** Bytes of one fetch, and of one partition in it; at least one batch comes whatever its size. */
const fetchBytes = 4 * 1_048_576;
const partitionBytes = 262_144;
/** How long a topic that we make keeps messages, milliseconds: as long as a log keeps events. */
const keepMs = 7 * 24 * 3_600_000;
/** What Kafka calls the beginning and the end of a partition. */
const earliest = -2n;
const latest = -1n;

type KafkaConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>;
type KafkaProducer = Producer<Buffer, Buffer, Buffer, Buffer>;

/** Kafka: a topic for each producer, a partition for each of its shards, the partition's offset as position. No consumer groups. */
export class KafkaBroker implements Broker {
  readonly destination: string;
  readonly #address: BrokerAddress;
  readonly #options: BaseOptions;
  readonly #clock: Clock;
  #producer: KafkaProducer | undefined;
  #consumer: KafkaConsumer | undefined;

  constructor(address: BrokerAddress, place: BrokerPlace, clock: Clock) {
    const { authority, password, user } = place;
    this.#address = address;
    this.#clock = clock;
    this.destination = address.destination;
    this.#options = {
      clientId: "kerf",
      bootstrapBrokers: [...address.servers],
      // What fails is published again from the cursor on; a retry behind our back would change the order.
      retries: 0,
      timeout: answerMs,
      connectTimeout: answerMs,
      ...(address.tls ? { tls: authority === undefined ? {} : { ca: authority } } : undefined),
      ...(user === undefined || password === undefined
        ? undefined
        : { sasl: { mechanism: address.sasl, username: user, password } }),
    };
  }

  async log(producer: string): Promise<BrokerLog> {
    const topic = `${this.#address.prefix}.${producer}`;
    try {
      await this.#make(topic);
      return await this.#open(topic);
    } catch (thrown) {
      throw cannotBeUsed(this.destination, thrown);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#producer?.close(), this.#consumer?.close(true)]);
  }

  async #open(topic: string): Promise<BrokerLog> {
    this.#producer ??= new Producer({ ...this.#options, acks: ProduceAcks.ALL });
    // It joins no group: positions are ours.
    const open = (): KafkaConsumer => new Consumer({ ...this.#options, groupId: "kerf" });
    this.#consumer ??= open();
    const { topics } = await this.#consumer.metadata({ topics: [topic], forceUpdate: true });
    const found = topics.get(topic);
    if (found?.partitionsCount !== shards) throw wrongTopic(topic, found?.partitionsCount ?? 0);
    const leaders = found.partitions.map(({ leader }) => leader);
    return new KafkaLog({
      producer: this.#producer,
      consumer: this.#consumer,
      open,
      topic,
      topicId: found.id,
      leaders,
      clock: this.#clock,
    });
  }

  async #make(topic: string): Promise<void> {
    const admin = new Admin(this.#options);
    try {
      if ((await admin.listTopics()).includes(topic)) return;
      await admin.createTopics({
        topics: [topic],
        partitions: shards,
        replicas: this.#address.replicas,
        configs: [
          { name: "retention.ms", value: String(keepMs) },
          { name: "cleanup.policy", value: "delete" },
        ],
      });
    } finally {
      await admin.close().catch(() => undefined);
    }
  }
}

interface Parts {
  readonly producer: KafkaProducer;
  readonly consumer: KafkaConsumer;
  /** Another one, with connections of its own. */
  open(): KafkaConsumer;
  readonly topic: string;
  readonly topicId: string;
  /** Node that leads each partition. */
  readonly leaders: readonly number[];
  readonly clock: Clock;
}

class KafkaLog implements BrokerLog {
  readonly #parts: Parts;
  /** One batch after the other: two at once could change places. */
  #sent: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async publish(messages: readonly BrokerMessage[]): Promise<void> {
    const sending = this.#sent.then(() => this.#send(messages));
    this.#sent = sending.catch(() => undefined);
    await sending;
  }

  async span(shard: number): Promise<BrokerSpan> {
    const [first, end] = await Promise.all([
      this.#offset(shard, earliest),
      this.#offset(shard, latest),
    ]);
    return { first, end };
  }

  async at(shard: number, position: bigint): Promise<BrokerEntry | undefined> {
    return (await fetchFrom(this.#parts, new Map([[shard, position]]), 1, 1))[0];
  }

  async follow(from: ReadonlyMap<number, bigint>): Promise<BrokerFollower> {
    return new KafkaFollower({ ...this.#parts, consumer: this.#parts.open() }, new Map(from));
  }

  async #send(messages: readonly BrokerMessage[]): Promise<void> {
    const { producer, topic } = this.#parts;
    await producer.send({
      acks: ProduceAcks.ALL,
      autocreateTopics: false,
      messages: messages.map(({ event, id, key, log, previous, shard }) => ({
        topic,
        partition: shard,
        key: Buffer.from(key),
        value: Buffer.from(event),
        headers: new Map([
          [logHeader, Buffer.from(log)],
          [idHeader, Buffer.from(id)],
          [previousHeader, Buffer.from(previous)],
        ]),
      })),
    });
  }

  async #offset(shard: number, timestamp: bigint): Promise<bigint> {
    const { consumer, topic } = this.#parts;
    const offsets = await consumer.listOffsets({ topics: [topic], timestamp });
    return offsets.get(topic)?.[shard] ?? 0n;
  }
}

/** Fetches one after the other, from offsets that nobody else knows. */
class KafkaFollower implements BrokerFollower {
  readonly #parts: Parts;
  readonly #positions: Map<number, bigint>;

  constructor(parts: Parts, positions: Map<number, bigint>) {
    this.#parts = parts;
    this.#positions = positions;
  }

  async next(waitMs: number, signal: AbortSignal): Promise<readonly BrokerEntry[]> {
    const over = new AbortController();
    const fetching = fetchFrom(
      this.#parts,
      this.#positions,
      Math.max(1, Math.min(waitMs, fetchMs)),
      partitionBytes,
    );
    const stopped = delay(this.#parts.clock, answerMs, AbortSignal.any([signal, over.signal]));
    try {
      const entries = await Promise.race([fetching, stopped.then(noAnswer)]);
      for (const { position, shard } of entries) this.#positions.set(shard, position + 1n);
      return entries;
    } finally {
      fetching.catch(() => undefined);
      over.abort();
    }
  }

  async close(): Promise<void> {
    await this.#parts.consumer.close(true).catch(() => undefined);
  }
}

/** What lies at these positions and after them; from every leader at once. */
async function fetchFrom(
  { consumer, leaders, topicId }: Parts,
  positions: ReadonlyMap<number, bigint>,
  waitMs: number,
  bytes: number,
): Promise<BrokerEntry[]> {
  const byLeader = Map.groupBy(positions, ([shard]) => leaders[shard] as number);
  const answers = await Promise.all(
    [...byLeader].map(([node, wanted]) =>
      consumer.fetch({
        node,
        minBytes: 1,
        maxBytes: fetchBytes,
        maxWaitTime: Math.floor(waitMs),
        topics: [
          {
            topicId,
            partitions: wanted.map(([partition, fetchOffset]) => ({
              partition,
              fetchOffset,
              currentLeaderEpoch: -1,
              lastFetchedEpoch: -1,
              partitionMaxBytes: bytes,
            })),
          },
        ],
      }),
    ),
  );
  return answers
    .flatMap(({ responses }) => responses.flatMap(({ partitions }) => partitions))
    .flatMap(({ partitionIndex: shard, records }) =>
      (records ?? []).flatMap(({ firstOffset, records: batch }) =>
        batch.map((record) => entryOf(shard, firstOffset + BigInt(record.offsetDelta), record)),
      ),
    )
    .filter(({ position, shard }) => position >= (positions.get(shard) ?? 0n));
}

const logHeader = Buffer.from("Kerf-Log");
const idHeader = Buffer.from("Kerf-Id");
const previousHeader = Buffer.from("Kerf-Previous");

function entryOf(
  shard: number,
  position: bigint,
  record: { value: Buffer | null; headers: [Buffer | null, Buffer | null][] },
): BrokerEntry {
  const header = (name: Buffer): string | undefined =>
    record.headers.find(([key]) => key?.equals(name))?.[1]?.toString();
  return {
    log: header(logHeader) ?? "",
    shard,
    id: header(idHeader) ?? "0",
    previous: header(previousHeader) ?? "0",
    event: record.value?.toString() ?? "",
    position,
  };
}

function noAnswer(): never {
  throw new KerfError("unavailable", "The broker gave no answer.");
}

function wrongTopic(topic: string, partitions: number): KerfError {
  return new KerfError("invalid_configuration", {
    message: `The topic ${topic} has ${partitions} partitions.`,
    why: `A log has ${shards} shards, and each is a partition.`,
    fix: `Make it with ${shards} partitions, or let it be made.`,
  });
}
