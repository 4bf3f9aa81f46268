import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { CommandTransaction, ServiceDatabase } from "@kerf/data";
import { delay, KerfError, seededRandom, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { Consumer } from "./consumers/consumer.ts";
import { ParkedKeys } from "./consumers/parked.ts";
import { type From, replay } from "./consumers/position.ts";
import type { LoggedEvent } from "./event.ts";
import { LogReader } from "./outbox/log-reader.ts";
import { shardOf, shards } from "./outbox/shard.ts";
import { twoServices } from "./testing/two-services.ts";

let world: Awaited<ReturnType<typeof twoServices>>;
before(async () => {
  world = await twoServices();
});
after(() => world.stop());
beforeEach(async () => {
  await run(
    world.consumer.database,
    "truncate seen, kerf.consumer_shard, kerf.consumer_member, kerf.parked_event, kerf.skipped_event",
    world.consumer.owner,
  );
  await run(world.producer.database, "truncate counter, kerf.event", world.producer.owner);
});

const all = Object.fromEntries(Array.from({ length: shards }, (_, shard) => [shard, "0"]));
const random = seededRandom(1);

async function run(
  database: ServiceDatabase,
  statement: string,
  owner?: Parameters<typeof import("@kerf/data").clientConfig>[0],
): Promise<void> {
  const { ServiceDatabase: Database } = await import("@kerf/data");
  const by =
    owner === undefined
      ? database
      : new Database({ connection: owner, service: "owner", instance: "test" });
  const transaction = by.transaction({ deadline: systemClock.now() + 5_000 });
  await transaction.raw.query(statement);
  await transaction.commit();
  if (by !== database) await by.close();
}

async function rows<T extends object>(statement: string): Promise<T[]> {
  const { raw } = world.consumer.database.reads({ deadline: systemClock.now() + 5_000 });
  return (await raw.query<T>(statement)).rows;
}

const seen = () => rows<{ name: string; n: number }>("select name, n from seen order by at");

async function note(event: LoggedEvent, transaction: CommandTransaction): Promise<void> {
  const { name, n } = event.payload as { name: string; n: number };
  await transaction.raw.query("insert into seen (id, name, n) values ($1, $2, $3)", [
    event.id,
    name,
    n,
  ]);
}

function consumer(
  instance: string,
  options: {
    apply?: typeof note;
    database?: ServiceDatabase;
    from?: From;
  } = {},
): Consumer {
  return new Consumer({
    service: "watcher",
    instance,
    producer: "counters",
    read: (request, signal) => world.reader.read(request, signal),
    database: options.database ?? world.consumer.database,
    from: options.from ?? "beginning",
    apply: options.apply ?? note,
    clock: systemClock,
    random,
    log: silentLogger,
  });
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = systemClock.now() + 15_000;
  while (!(await condition())) {
    if (systemClock.now() > end) assert.fail(`${what} took too long`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function assertEachOnceInOrder(found: readonly { name: string; n: number }[]): void {
  const last = new Map<string, number>();
  for (const { name, n } of found) {
    assert.equal(n, (last.get(name) ?? 0) + 1, `${name} ${n}`);
    last.set(name, n);
  }
}

test("what many producers emit at once arrives whole, once, in the order of its key", async () => {
  const applied = consumer("i1");
  applied.start();
  await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      world.count(`k${i % 7}`, () => delay(systemClock, Math.floor(random.next() * 20))),
    ),
  );
  await until("everything", async () => (await seen()).length >= 200);
  await applied.stop();
  const found = await seen();
  assert.equal(found.length, 200);
  assertEachOnceInOrder(found);
});

test("an id that is drawn and not committed yet holds back what comes behind it", async () => {
  const [drawn, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = world.count("slow", () => {
    drawn.resolve();
    return goOn.promise;
  });
  await drawn.promise;
  await world.count("quick");
  // Read by ids alone, the quick one would be all there is, and the slow one lost behind the cursor.
  const early = await world.reader.read({ consumer: "c", after: all, waitMs: 0 });
  assert.deepEqual(early.events, []);
  goOn.resolve();
  await slow;
  const late = await world.reader.read({ consumer: "c", after: all, waitMs: 10_000 });
  assert.deepEqual(late.events.map(({ key }) => key).sort(), ["quick", "slow"]);
});

test("a transaction that goes on for long holds back what comes behind it, and not what lies before", async () => {
  await world.count("before");
  await world.reader.head.advance(1_000);
  const [drawn, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = world.count("slow", () => {
    drawn.resolve();
    return goOn.promise;
  });
  await drawn.promise;
  const started = systemClock.now();
  const { events } = await world.reader.read({ consumer: "c", after: all, waitMs: 10_000 });
  assert.ok(systemClock.now() - started < 5_000);
  assert.deepEqual(
    events.map(({ key }) => key),
    ["before"],
  );
  goOn.resolve();
  await slow;
});

test("what a command emitted is gone when it rolls back", async () => {
  const transaction = world.producer.database.transaction({ deadline: systemClock.now() + 5_000 });
  const emit = world.outbox.open(transaction, { trace: "", principal: undefined });
  emit["counted"]?.({ name: "a", n: 1 });
  await transaction.rollback();
  await world.count("b");
  const { events } = await world.reader.read({ consumer: "c", after: all, waitMs: 10_000 });
  assert.deepEqual(
    events.map(({ key }) => key),
    ["b"],
  );
});

test("an event that does not fit its schema is refused where it is emitted", () => {
  const transaction = world.producer.database.transaction({ deadline: systemClock.now() + 5_000 });
  const emit = world.outbox.open(transaction, { trace: "", principal: undefined });
  assert.throws(() => emit["counted"]?.({ name: "a", n: "one" }), /n: /);
});

test("an effect and its watermark are one: what fails is applied again, once", async () => {
  for (let i = 0; i < 5; i += 1) await world.count("a");
  let failures = 2;
  const applied = consumer("i1", {
    apply: async (event, transaction) => {
      await note(event, transaction);
      if ((event.payload as { n: number }).n === 3 && failures-- > 0)
        throw new KerfError("unavailable", { message: "the database went away" });
    },
  });
  applied.start();
  await until("everything", async () => (await seen()).length >= 5);
  await applied.stop();
  assertEachOnceInOrder(await seen());
});

test("an owner that slept past its lease is refused, and leaves nothing behind", async () => {
  await world.count("a");
  const [paused, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const sleeper = consumer("sleeper", {
    apply: async (event, transaction) => {
      await note(event, transaction);
      paused.resolve();
      await goOn.promise;
    },
  });
  // Its transaction holds the watermark's row: it must end before another owner's, and is refused when it comes later.
  const slept = sleeper.runOnce(10_000);
  await paused.promise;
  goOn.resolve();
  await slept;
  await world.count("a");
  await run(world.consumer.database, "update kerf.consumer_shard set leased_until = '-infinity'");
  await run(world.consumer.database, "delete from kerf.consumer_member");
  assert.equal(await consumer("i2").runOnce(10_000), 1);
  await world.count("a");
  await assert.rejects(sleeper.runOnce(10_000), { code: "stale_lease" });
  assert.equal(await consumer("i2").runOnce(10_000), 1);
  assertEachOnceInOrder(await seen());
  assert.equal((await seen()).length, 3);
});

test("an event that keeps failing parks its key, and no other", async () => {
  const [poison, fine] = ["p", "f"];
  await world.count(poison);
  await world.count(fine);
  await world.count(poison);
  const applied = consumer("i1", {
    apply: async (event, transaction) => {
      await note(event, transaction);
      const { name, n } = event.payload as { name: string; n: number };
      if (name === poison && n === 1) throw new Error("cannot be digested");
    },
  });
  applied.start();
  await until("the poison is parked", async () => (await parked()).length === 2);
  await world.count(poison);
  await world.count(fine);
  await until("the rest", async () => (await parked()).length === 3 && (await seen()).length === 2);
  await applied.stop();
  assert.deepEqual(
    (await seen()).map(({ name, n }) => `${name}${n}`),
    ["f1", "f2"],
  );
  const [first, ...behind] = await parked();
  assert.match(String(first?.error), /cannot be digested/);
  assert.ok(behind.every(({ error }) => error === null));
});

test("a parked key is applied from where it stopped once its handler is mended, in order", async () => {
  let broken = true;
  const apply: typeof note = async (event, transaction) => {
    await note(event, transaction);
    if (broken && (event.payload as { n: number }).n >= 2) throw new Error("not yet");
  };
  const applied = consumer("i1", { apply });
  for (let i = 0; i < 4; i += 1) await world.count("k");
  await applied.runOnce(10_000);
  const keys = new ParkedKeys(world.consumer.database, systemClock);
  const [listed] = await keys.list();
  assert.deepEqual(
    [listed?.key, listed?.name, listed?.events, (await seen()).length],
    ["k", "counted", 3, 1],
  );
  const still = await keys.resolve("counters", "k", apply);
  assert.equal(still.applied, 0);
  assert.match(String(still.failed?.error), /not yet/);
  broken = false;
  assert.deepEqual(await keys.resolve("counters", "k", apply), { applied: 3 });
  await world.count("k");
  await applied.runOnce(10_000);
  assertEachOnceInOrder(await seen());
  assert.equal((await seen()).length, 5);
  await assert.rejects(keys.resolve("counters", "k", apply), { code: "not_found" });
  await applied.stop();
});

test("what is passed over is kept with its note, and only the first of its key can be", async () => {
  const apply: typeof note = async (event, transaction) => {
    if ((event.payload as { n: number }).n === 1) throw new Error("never");
    await note(event, transaction);
  };
  for (let i = 0; i < 3; i += 1) await world.count("k");
  const applied = consumer("i1", { apply });
  await applied.runOnce(10_000);
  await applied.stop();
  const keys = new ParkedKeys(world.consumer.database, systemClock);
  const [first, second] = (await rows(
    "select id::text as id from kerf.parked_event order by id",
  )) as {
    id: string;
  }[];
  const skip = (id = "") => keys.skip("counters", "k", id, "a test order");
  await assert.rejects(skip(second?.id), { code: "conflict" });
  await skip(first?.id);
  assert.deepEqual(await keys.resolve("counters", "k", apply), { applied: 2 });
  const [kept] = await rows<{ note: string; error: string }>(
    "select note, error from kerf.skipped_event",
  );
  assert.equal(kept?.note, "a test order");
  assert.match(String(kept?.error), /never/);
  assert.deepEqual(
    (await seen()).map(({ n }) => n),
    [2, 3],
  );
});

test("a replay is a new generation: all comes again, and who worked on the old one is refused", async () => {
  await world.count("a");
  await world.count("a");
  const applied = consumer("i1");
  assert.equal(await applied.runOnce(10_000), 2);
  const { database } = world.consumer;
  assert.equal(await replay({ database, clock: systemClock }, "counters", "0"), 2);
  await world.count("a");
  await assert.rejects(applied.runOnce(10_000), { code: "stale_lease" });
  applied.beatSoon();
  assert.equal(await applied.runOnce(10_000), 3);
  await applied.stop();
  assert.deepEqual(
    (await seen()).map(({ n }) => n),
    [1, 2, 1, 2, 3],
  );
});

test("a new consumer may begin with what comes next", async () => {
  await world.count("old");
  const applied = consumer("i1", { from: "now" });
  assert.equal(await applied.runOnce(), 0);
  await world.count("new");
  assert.equal(await applied.runOnce(10_000), 1);
  await applied.stop();
  assert.deepEqual(
    (await seen()).map(({ name }) => name),
    ["new"],
  );
});

test("operators see what lies in a log, how far behind a cursor is, and who holds the head back", async () => {
  const [drawn, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await world.count("a");
  const { inspector } = world.reader;
  const early = await inspector.state();
  const slow = world.count("a", () => {
    drawn.resolve();
    return goOn.promise;
  });
  await drawn.promise;
  await inspector.state();
  const held = await inspector.state();
  assert.ok(BigInt(held.last) > BigInt(held.head));
  assert.equal(held.blockedBy?.database, "counters");
  assert.ok(Number(held.blockedBy?.pid) > 0);
  goOn.resolve();
  await slow;
  await until("the head", async () => (await inspector.state()).head === held.last);
  assert.equal((await inspector.state()).blockedBy, null);
  assert.equal((await inspector.behind(all)).events, 2);
  assert.deepEqual(
    (await inspector.tail(early.head, 10)).map(({ payload }) => payload),
    [{ name: "a", n: 2 }],
  );
  assert.equal((await inspector.tail(undefined, 1)).length, 1);
  assert.equal((await inspector.history("a")).length, 2);
  assert.equal(await inspector.before(new Date(0).toISOString()), "0");
  assert.equal(await inspector.before("9999-01-01"), held.last);
});

test("handlers of other keys go on side by side, unless one of them uses savepoints", async () => {
  for (const name of ["a", "b", "a", "b"]) await world.count(name);
  let savepoints = 0;
  const applied = consumer("i1", {
    async apply(event, transaction) {
      const { name, n } = event.payload as { name: string; n: number };
      // What is undone here must be undone alone, whatever others do meanwhile.
      await transaction
        .savepoint(async () => {
          await transaction.raw.query("insert into seen (id, name, n) values (0, 'undone', 0)");
          savepoints += 1;
          throw new Error("undone");
        })
        .catch((error: Error) => {
          if (error.message !== "undone") throw error;
        });
      await note({ ...event, payload: { name, n } }, transaction);
    },
  });
  assert.equal(await applied.runOnce(10_000), 4);
  await applied.stop();
  assert.equal(savepoints, 4);
  assertEachOnceInOrder(await seen());
  assert.equal((await seen()).length, 4);
});

test("two instances share the shards, and one goes on alone when the other stops", async () => {
  const [one, two] = [consumer("i1"), consumer("i2")];
  assert.equal(await one.runOnce(), 0);
  assert.equal((await owners()).get("i1"), shards);
  await two.runOnce();
  // Its share is free once the other has given it back at its next beat.
  const fresh = consumer("i1");
  await fresh.runOnce();
  await two.stop();
  const second = consumer("i2");
  await second.runOnce();
  assert.deepEqual([...(await owners()).values()], [shards / 2, shards / 2]);
  await second.stop();
  const alone = consumer("i1");
  await alone.runOnce();
  assert.equal((await owners()).get("i1"), shards);
});

test("an instance that stops keeps no share for itself, even when it owned nothing", async () => {
  const one = consumer("i1");
  await one.runOnce();
  const two = consumer("i2");
  await two.runOnce();
  assert.equal((await owners()).get("i2"), undefined);
  await two.stop();
  await one.stop();
  const next = consumer("i3");
  await next.runOnce();
  assert.equal((await owners()).get("i3"), shards);
  await next.stop();
});

test("every key has one shard, and they are spread", () => {
  const counts = new Map<number, number>();
  for (let i = 0; i < 1_600; i += 1) {
    const shard = shardOf(`order-${i}`);
    assert.equal(shard, shardOf(`order-${i}`));
    counts.set(shard, (counts.get(shard) ?? 0) + 1);
  }
  assert.equal(counts.size, shards);
  for (const count of counts.values()) assert.ok(count > 40 && count < 200, String(count));
});

async function parked(): Promise<{ key: string; error: string | null }[]> {
  return rows("select key, error from kerf.parked_event order by id");
}

async function owners(): Promise<Map<string, number>> {
  const found = await rows<{ owner: string; n: number }>(
    "select owner, count(*)::int as n from kerf.consumer_shard where owner is not null group by owner",
  );
  return new Map(found.map(({ owner, n }) => [owner, n]));
}

test("a log that drains keeps nobody waiting", async () => {
  // Time stands still: a wait ends by the drain or never.
  const at = systemClock.now() + 60_000;
  const reader = new LogReader(world.producer.database, { ...systemClock, now: () => at });
  const read = () => reader.read({ consumer: "c", after: all, waitMs: 10_000 });
  const waiting = read();
  reader.drain();
  assert.deepEqual((await waiting).events, []);
  await world.count("late");
  assert.equal((await read()).events.length, 1, "what there is, it still gives");
});
