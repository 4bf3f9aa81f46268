import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { type CommandTransaction, ServiceDatabase } from "@kerf/data";
import { type Clock, seededRandom, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { Broker, BrokerLog, BrokerMessage } from "../broker.ts";
import { BrokerReader } from "../broker-reader/broker-reader.ts";
import { openBroker } from "../brokers/open.ts";
import { Consumer, type ReadPort } from "../consumers/consumer.ts";
import type { LoggedEvent } from "../event.ts";
import { RelayLease } from "../relay/lease.ts";
import { Relay } from "../relay/relay.ts";
import type { TestBroker } from "./test-broker.ts";
import { twoServices } from "./two-services.ts";

/** What a broken way to the broker does to what is published. */
type Fault = (log: BrokerLog, messages: readonly BrokerMessage[]) => Promise<void>;

/**
 * What holds however events travel: each takes effect once, in the order of its key, whatever the broker loses, repeats or forgets.
 * Without a broker the same is asked of reading the log itself.
 */
export function testBroker(name: string, startBroker?: () => Promise<TestBroker>): void {
  const random = seededRandom(1);
  let world: Awaited<ReturnType<typeof twoServices>>;
  let broker: TestBroker | undefined;
  let tests = 0;
  let place = "";
  /** How far the clock of readers is ahead, milliseconds. */
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  const running: { stop(): Promise<void> }[] = [];

  before(async () => {
    [world, broker] = await Promise.all([twoServices(), startBroker?.()]);
  });
  after(() => Promise.all([world.stop(), broker?.stop()]));
  afterEach(async () => {
    for (const each of running.splice(0).toReversed()) await each.stop();
  });
  beforeEach(async () => {
    ahead = 0;
    place = `${broker?.url}/t${(tests += 1)}`;
    await asOwner(
      world.producer,
      "truncate counter, kerf.event, kerf.event_relay, kerf.event_reader",
    );
    await asOwner(world.consumer, "truncate seen, kerf.consumer_shard, kerf.consumer_member");
  });

  test(`${name}: what many emit at once arrives whole, once, in the order of its key`, async () => {
    await relay("i1");
    await consumer("c1");
    await emit(200);
    await assertAllOnce(200);
  });

  test(`${name}: two consumers share the shards, and one goes on alone`, async () => {
    await relay("i1");
    const [first] = await Promise.all([consumer("c1"), consumer("c2")]);
    await emit(50);
    await first.stop();
    await emit(50);
    await assertAllOnce(100);
  });

  if (startBroker === undefined) return;

  test(`${name}: what is published again changes nothing`, async () => {
    const again: Fault = async (log, messages) => {
      await log.publish(messages);
      await log.publish(messages.toReversed());
      await log.publish(messages);
    };
    await relay("i1", again);
    await consumer("c1");
    await emit(100);
    await assertAllOnce(100);
  });

  test(`${name}: a relay that dies between publishing and its cursor publishes again`, async () => {
    let failures = 3;
    await relay("i1", async (log, messages) => {
      await log.publish(messages);
      if ((failures -= 1) >= 0) throw new Error("killed before the cursor moved");
    });
    await emit(100);
    await published(100);
    assert.ok(failures < 0);
    await consumer("c1");
    await assertAllOnce(100);
  });

  test(`${name}: a relay that slept past its lease is refused at its cursor, and what it published does no harm`, async () => {
    const { clock: own, destination } = { clock: systemClock, destination: place };
    const lease = (instance: string) =>
      new RelayLease(world.producer.database, { destination, instance, clock: own });
    const stale = await lease("i1").take();
    assert.ok(stale);
    assert.equal(await lease("i2").take(), undefined);
    await asOwner(
      world.producer,
      "update kerf.event_relay set leased_until = now() - interval '1 s'",
    );
    const fresh = await lease("i2").take();
    assert.ok(fresh && fresh.epoch > stale.epoch);
    const moved = { ...stale, acknowledged: stale.acknowledged.map(() => "99") };
    await assert.rejects(lease("i1").advance(moved), { code: "stale_lease" });
    await lease("i2").advance(fresh);
    // Two that both believe that it is theirs.
    await asOwner(world.producer, "truncate kerf.event_relay");
    await relay("i1");
    await emit(30);
    await asOwner(world.producer, "truncate kerf.event_relay");
    await relay("i2");
    await consumer("c1");
    await emit(30);
    await assertAllOnce(60);
  });

  test(`${name}: what the broker has lost in the middle comes from the log`, async () => {
    let published = 0;
    await relay("i1", (log, messages) => {
      published += 1;
      // Acknowledged, and gone.
      return log.publish(messages.filter((_, n) => published > 1 || n % 3 !== 0));
    });
    await emit(60);
    await consumer("c1");
    await emit(60);
    // Of keys that nothing follows the end may be missing, which only quiet shows.
    ahead = 31_000;
    await assertAllOnce(120);
  });

  test(`${name}: a broker that is killed and comes back loses nothing`, async () => {
    await relay("i1");
    await consumer("c1");
    await emit(50);
    await broker?.kill();
    await emit(50);
    await broker?.start();
    await emit(50);
    await assertAllOnce(150);
  });

  test(`${name}: a broker that has lost its disk loses nothing`, async () => {
    const lost = await relay("i1");
    await emit(50);
    await published(50);
    await broker?.kill();
    await broker?.wipe();
    await broker?.start();
    await consumer("c1");
    await assertAllOnce(50);
    await emit(50);
    await assertAllOnce(100);
    await lost.stop();
  });

  test(`${name}: what is missing at the end is found when it has been quiet`, async () => {
    let swallows = false;
    await relay("i1", async (log, messages) => {
      if (!swallows) await log.publish(messages);
    });
    await consumer("c1");
    await emit(50);
    await assertAllOnce(50);
    swallows = true;
    await emit(50);
    await published(100);
    ahead = 31_000;
    await assertAllOnce(100);
  });

  async function relay(instance: string, fault?: Fault): Promise<{ stop(): Promise<void> }> {
    if (startBroker === undefined) return { stop: async () => {} };
    const real = await openBroker({ url: place }, systemClock);
    const through: Broker = {
      destination: real.destination,
      close: () => real.close(),
      log: async (producer) => {
        const log = await real.log(producer);
        if (fault === undefined) return log;
        return { ...bound(log), publish: (messages) => fault(log, messages) };
      },
    };
    const made = new Relay({
      service: "counters",
      instance,
      database: world.producer.database,
      reader: world.reader,
      broker: through,
      clock: systemClock,
      random,
      log: silentLogger,
    });
    made.start();
    return keep(async () => {
      await made.stop();
      await real.close();
    });
  }

  async function consumer(instance: string): Promise<{ stop(): Promise<void> }> {
    const ownLog: ReadPort = (request, signal) => world.reader.read(request, signal);
    const real = startBroker && (await openBroker({ url: place }, systemClock));
    const reader =
      real &&
      new BrokerReader({ producer: "counters", broker: real, ownLog, clock, log: silentLogger });
    const made = new Consumer({
      service: "watcher",
      instance,
      producer: "counters",
      from: "beginning",
      read: reader?.read ?? ownLog,
      database: world.consumer.database,
      apply: note,
      clock: systemClock,
      random,
      log: silentLogger,
    });
    made.start();
    return keep(async () => {
      await made.stop();
      await reader?.close();
      await real?.close();
    });
  }

  function keep(stop: () => Promise<void>): { stop(): Promise<void> } {
    let stopped: Promise<void> | undefined;
    const once = { stop: () => (stopped ??= stop()) };
    running.push(once);
    return once;
  }

  /** Keys with all that JSON writes in another way. */
  async function emit(count: number): Promise<void> {
    await Promise.all(
      Array.from({ length: count }, (_, n) => world.count(`"\\\n\u007f€😀 ${n % 23}`)),
    );
  }

  /** Until the relay's cursor says that so many are acknowledged. */
  async function published(count: number): Promise<void> {
    await until(`${count} published`, async () => {
      const rows = await read<{ n: number }>(
        world.producer.database,
        `select count(*)::int as n from kerf.event e, kerf.event_relay r
          where e.id <= r.acknowledged[e.shard + 1]`,
      );
      return rows[0]?.n === count;
    });
  }

  async function assertAllOnce(count: number): Promise<void> {
    const seen = () =>
      read<{ name: string; n: number }>(
        world.consumer.database,
        "select name, n from seen order by at",
      );
    await until(`${count} applied`, async () => (await seen()).length >= count);
    const found = await seen();
    assert.equal(found.length, count);
    const last = new Map<string, number>();
    for (const { name: key, n } of found) {
      assert.equal(n, (last.get(key) ?? 0) + 1, `${key} ${n}`);
      last.set(key, n);
    }
  }
}

function bound(log: BrokerLog): BrokerLog {
  return {
    publish: (messages) => log.publish(messages),
    span: (shard) => log.span(shard),
    at: (shard, position) => log.at(shard, position),
    follow: (from) => log.follow(from),
  };
}

async function note(event: LoggedEvent, transaction: CommandTransaction): Promise<void> {
  const { name, n } = event.payload as { name: string; n: number };
  await transaction.raw.query("insert into seen (id, name, n) values ($1, $2, $3)", [
    event.id,
    name,
    n,
  ]);
}

async function read<T extends object>(database: ServiceDatabase, text: string): Promise<T[]> {
  const { raw } = database.reads({ deadline: systemClock.now() + 5_000 });
  return (await raw.query<T>(text)).rows;
}

async function asOwner(
  { owner }: Awaited<ReturnType<typeof twoServices>>["producer"],
  text: string,
): Promise<void> {
  const database = new ServiceDatabase({ connection: owner, service: "owner", instance: "test" });
  await database.inTransaction(systemClock.now() + 5_000, ({ raw }) => raw.query(text));
  await database.close();
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = systemClock.now() + 40_000;
  while (!(await condition())) {
    if (systemClock.now() > end) assert.fail(`${what} took too long`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
