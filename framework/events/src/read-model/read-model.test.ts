import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { CommandTransaction } from "@kerf/data";
import { delay, seededRandom, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import type { LoggedEvent } from "../event.ts";
import { twoServices } from "../testing/two-services.ts";
import { ModelFollower } from "./model-follower.ts";
import type { WriteModel } from "./read-model.ts";

let world: Awaited<ReturnType<typeof twoServices>>;
before(async () => {
  world = await twoServices();
});
after(() => world.stop());
beforeEach(async () => {
  await run(
    `with c as (delete from public.counter), s as (delete from kerf.consumer_shard),
      m as (delete from kerf.consumer_member) delete from kerf.read_model`,
  );
});

async function run(statement: string): Promise<void> {
  await world.consumer.database.inTransaction(systemClock.now() + 5_000, ({ raw }) =>
    raw.query(statement),
  );
}

/** The consumer's table `counter`: what the producer's counters are. */
async function model(): Promise<Record<string, number>> {
  const { raw } = world.consumer.database.reads({ deadline: systemClock.now() + 5_000 });
  const { rows } = await raw.query<{ name: string; n: number }>(
    "select name, n from counter order by name",
  );
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

async function write({ raw }: CommandTransaction, { name, n }: { name: string; n: number }) {
  await raw.query(
    "insert into counter (name, n) values ($1, $2) on conflict (name) do update set n = excluded.n",
    [name, n],
  );
}

/** What the producer has now, a page at a time. */
async function seedFromProducer(writeModel: WriteModel): Promise<void> {
  const { raw } = world.producer.database.reads({ deadline: systemClock.now() + 5_000 });
  const { rows } = await raw.query<{ name: string; n: number }>("select name, n from counter");
  for (const row of rows) await writeModel((transaction) => write(transaction, row));
}

function follower(
  instance: string,
  options: {
    seed?: (write: WriteModel) => Promise<void>;
    apply?: (event: LoggedEvent, transaction: CommandTransaction) => Promise<void>;
  } = {},
): ModelFollower {
  return new ModelFollower({
    service: "watcher",
    instance,
    producer: "counters",
    tables: ["counter"],
    seed: options.seed ?? seedFromProducer,
    read: (request, signal) => world.reader.read(request, signal),
    database: world.consumer.database,
    apply:
      options.apply ??
      ((event, transaction) => write(transaction, event.payload as { name: string; n: number })),
    clock: systemClock,
    random: seededRandom(1),
    log: silentLogger,
  });
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = systemClock.now() + 15_000;
  while (!(await condition())) {
    if (systemClock.now() > end) assert.fail(`${what} took too long`);
    await delay(systemClock, 10);
  }
}

test("a new read model is filled with what is there, and follows from then on", async () => {
  for (let i = 0; i < 3; i += 1) await world.count("before");
  const followed = follower("i1");
  followed.start();
  await until("the seed", async () => (await model())["before"] === 3);
  await world.count("before");
  await world.count("after");
  await until("the events", async () => (await model())["after"] === 1);
  assert.equal((await model())["before"], 4);
  assert.deepEqual(await followed.model.state(), { state: "live", generation: 1, failure: null });
  await followed.stop();
});

test("it is built anew beside what serves, which goes on following meanwhile", async () => {
  await world.count("a");
  const [seeding, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let held = false;
  const followed = follower("i1", {
    async seed(writeModel) {
      await seedFromProducer(writeModel);
      if (!held) return;
      seeding.resolve();
      await goOn.promise;
    },
  });
  followed.start();
  await until("the first build", async () => (await followed.model.state()).state === "live");
  // Damage that only a build from the start mends.
  await run("insert into counter (name, n) values ('ghost', 1)");
  held = true;
  await followed.rebuild();
  await seeding.promise;
  const ghost = (await model())["ghost"];
  await world.count("b");
  await until("what serves to follow", async () => (await model())["b"] === 1);
  assert.equal(ghost, 1);
  goOn.resolve();
  await until("the new tables", async () => (await followed.model.state()).generation === 2);
  const built = await model();
  assert.equal(built["ghost"], undefined);
  assert.equal(built["a"], (await producerCounters())["a"]);
  assert.equal(built["b"], 1);
  await world.count("b");
  await until("the next event", async () => (await model())["b"] === 2);
  await followed.stop();
});

test("a seed that fails says why and is tried again by whoever is there; what serves stays", async () => {
  await world.count("a");
  const first = follower("i1");
  first.start();
  await until("the first build", async () => (await first.model.state()).state === "live");
  await first.stop();
  const broken = follower("i2", {
    seed: () => Promise.reject(new Error("the catalogue is closed")),
  });
  await broken.model.rebuild();
  await assert.rejects(broken.model.seed(new AbortController().signal), /closed/);
  assert.match(String((await broken.model.state()).failure), /closed/);
  assert.ok(Number((await model())["a"]) > 0);
  const second = follower("i3");
  second.start();
  await until("the build", async () => (await second.model.state()).generation === 2);
  await second.stop();
});

test("two instances build it together, under load, and lose nothing", async () => {
  const both = [follower("i1"), follower("i2")];
  for (const each of both) each.start();
  let loading = true;
  const load = (async () => {
    for (let i = 0; loading; i += 1) await world.count(`k${i % 5}`);
  })();
  await until("the first build", async () => (await both[0]!.model.state()).generation === 1);
  await both[1]!.rebuild();
  await until("the second build", async () => (await both[0]!.model.state()).generation === 2);
  loading = false;
  await load;
  const wanted = await producerCounters();
  await until("the end", async () => {
    const found = await model();
    return Object.entries(wanted).every(([name, n]) => found[name] === n);
  });
  await Promise.all(both.map((each) => each.stop()));
});

async function producerCounters(): Promise<Record<string, number>> {
  const { raw } = world.producer.database.reads({ deadline: systemClock.now() + 5_000 });
  const { rows } = await raw.query<{ name: string; n: number }>("select name, n from counter");
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}
