import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { schemaFrom } from "@kerf/contract";
import { DeclaredError, KerfError, seededRandom } from "@kerf/kernel";
import type { SagaEngine } from "./engine.ts";
import type { SagaDefinition, SagaSteps } from "./saga.ts";
import { bank, type Clients, type Local } from "./testing/bank.ts";

let world: Awaited<ReturnType<typeof bank>>;
let engines: SagaEngine[] = [];

before(async () => {
  world = await bank();
});
beforeEach(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  engines = [];
  world.onCall = () => {};
  await world.run("delete from kerf.saga");
  await world.run("delete from effect");
  await world.run("delete from note");
});
after(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await world.stop();
});

type Steps = SagaSteps<Clients, Local>;

function saga(
  run: (s: Steps) => Promise<void>,
  options: { name?: string; version?: number } = {},
): SagaDefinition<any, Steps> {
  return {
    name: options.name ?? "trip",
    version: options.version ?? 1,
    input: schemaFrom({ type: "object" }, (value) => value),
    run,
  };
}

function engine(instance: string, ...definitions: SagaDefinition<any, any>[]): SagaEngine {
  const made = world.engine(instance, definitions);
  engines.push(made);
  made.start();
  return made;
}

const book = (s: Steps, what: string) =>
  s.call(what, s.clients.act, { what }, { undo: () => s.clients.act({ what: `cancel ${what}` }) });

/** Ends every lease, as time would after an owner's death. */
const expire = () => world.run("update kerf.saga set leased_until = '-infinity'");

test("every step takes effect, once, in order", async () => {
  const trip = saga(async (s) => {
    assert.deepEqual(await book(s, "flight"), { did: "flight" });
    await s.local("note", ({ transaction }) =>
      transaction.raw.query("insert into note (what) values ('half way')"),
    );
    await book(s, "hotel");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  assert.equal(await world.until(id, "completed"), "completed");
  assert.deepEqual(await world.effects(), ["flight", "hotel"]);
  assert.equal((await world.rows("select from note")).length, 1);
});

test("a saga runs only if the command that started it commits", async () => {
  const trip = saga(async (s) => void (await book(s, "flight")));
  const running = engine("i1", trip);
  const transaction = world.database.transaction({ deadline: Number.POSITIVE_INFINITY });
  const id = running.begin(transaction, trip, {}, { trace: "", principal: undefined });
  await transaction.rollback();
  const next = await world.start(running, trip, {});
  await world.until(next, "completed");
  assert.equal(await world.state(id), "none");
});

test("when a step is declined, exactly what was done is undone, last first", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await book(s, "hotel");
    await book(s, "car");
  });
  world.onCall = (when, what) => {
    if (when === "before" && what === "car") throw new DeclaredError("none", { left: 0 });
  };
  const id = await world.start(engine("i1", trip), trip, {});
  assert.equal(await world.until(id, "undone"), "undone");
  assert.deepEqual(await world.effects(), ["flight", "hotel", "cancel hotel", "cancel flight"]);
  const [row] = await world.rows<{ failure: { code: string } }>(
    "select failure from kerf.saga where id = $1",
    [id],
  );
  assert.equal(row?.failure.code, "none");
});

test("fail() undoes, and the undo of a local step knows why", async () => {
  const trip = saga(async (s) => {
    await s.local("open", () => "open", {
      undo: async ({ transaction }, answer, failure) => {
        await transaction.raw.query("insert into note (what) values ($1)", [
          `${answer}: ${failure.message}`,
        ]);
      },
    });
    await book(s, "flight");
    throw s.fail("too expensive");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
  assert.deepEqual(await world.rows("select what from note"), [{ what: "open: too expensive" }]);
});

test("what does not answer is called again under the same key, until it answers", async () => {
  const trip = saga(async (s) => void (await book(s, "flight")));
  let lost = 3;
  world.onCall = (when) => {
    // The effect is there, and its answer is lost on the way.
    if (when === "after" && lost-- > 0) throw new KerfError("connection_lost", "gone");
  };
  const id = await world.start(engine("i1", trip), trip, {});
  await world.until(id, "completed");
  assert.deepEqual(await world.effects(), ["flight"]);
});

test("steps beside each other: what was done beside the one that failed is undone too", async () => {
  const trip = saga(async (s) => {
    await Promise.all([book(s, "flight"), book(s, "hotel"), book(s, "car")]);
  });
  world.onCall = (when, what) => {
    if (when === "before" && what === "hotel") throw new DeclaredError("none", {});
  };
  const id = await world.start(engine("i1", trip), trip, {});
  await world.until(id, "undone");
  const effects = await world.effects();
  assert.deepEqual([...effects].sort(), ["cancel car", "cancel flight", "car", "flight"]);
});

test("beside a step that failed nothing new begins", async () => {
  const declined = Promise.withResolvers<void>();
  const trip = saga(async (s) => {
    await Promise.all([
      book(s, "car"),
      (async () => {
        await book(s, "flight");
        await book(s, "hotel");
      })(),
    ]);
  });
  let calls = 0;
  world.onCall = (when, what) => {
    if (when === "before" && what === "car") {
      declined.resolve();
      throw new DeclaredError("none", {});
    }
    // The flight takes until the car has been declined.
    if (when === "before" && what === "flight" && calls++ === 0)
      throw new KerfError("connection_lost", "gone");
  };
  const id = await world.start(engine("i1", trip), trip, {});
  await declined.promise;
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
});

test("time and chance are the same in every run, and a step that changes nothing is recorded too", async () => {
  const seen: unknown[] = [];
  const trip = saga(async (s) => {
    const values = [await s.now("now"), await s.random("chance"), await s.local("plain", () => 7)];
    await s.sleep("a while", 1);
    seen.push(values);
    await s.call("flight", s.clients.act, { what: "flight" });
  });
  let isDown = true;
  const tried = Promise.withResolvers<void>();
  world.onCall = () => {
    if (!isDown) return;
    tried.resolve();
    throw new KerfError("connection_lost", "gone");
  };
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  await tried.promise;
  await first.stop();
  isDown = false;
  await expire();
  engine("i2", trip);
  await world.until(id, "completed");
  assert.equal(seen.length, 2);
  assert.deepEqual(seen[0], seen[1]);
});

test("after the pivot nothing is undone: a failure asks for an operator", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.call("pay", s.clients.act, { what: "pay" }, { pivot: true });
    throw s.fail("too late");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  assert.equal(await world.until(id, "stuck", "undone"), "stuck");
  assert.deepEqual(await world.effects(), ["flight", "pay"]);
});

test("a bug asks for an operator, saying which step", async () => {
  const trip = saga(async (s) => {
    await s.local("count", () => {
      throw new TypeError("undefined is not a function");
    });
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await world.until(id, "stuck");
  const [row] = await world.rows<{ failure: { message: string } }>("select failure from kerf.saga");
  assert.match(row?.failure.message ?? "", /^count: undefined is not a function/);
});

test("a name used twice is refused", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await book(s, "flight");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await world.until(id, "stuck");
  assert.deepEqual(await world.effects(), ["flight"]);
});

test("an instance waits with what it does not know: versions stand side by side", async () => {
  const old = saga(async (s) => void (await book(s, "by train")), { version: 1 });
  const today = saga(async (s) => void (await book(s, "by plane")), { version: 2 });
  const id = await world.start(world.engine("gone", [old]), old, {});
  await expire();
  const only = engine("i1", today);
  await world.until(await world.start(only, today, {}), "completed");
  assert.equal(await world.state(id), "running");
  engine("i2", old, today);
  await world.until(id, "completed");
  assert.deepEqual(await world.effects(), ["by plane", "by train"]);
});

test("a saga sleeps in the database and not in memory, and wakes elsewhere", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.sleep("overnight", 3_600_000);
    await book(s, "hotel");
  });
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  const asleep = async () =>
    (await world.rows("select from kerf.saga where owner is null and wake_at > now()")).length ===
    1;
  while (!(await asleep())) await new Promise((resolve) => setTimeout(resolve, 5));
  await first.stop();
  // Its hour has passed: in its own record as well.
  await world.run("update kerf.saga set wake_at = now()");
  await world.run("update kerf.saga_step set answer = '0' where step = 'overnight'");
  engine("i2", trip);
  await world.until(id, "completed");
  assert.deepEqual(await world.effects(), ["flight", "hotel"]);
});

test("a sleep that is over before its record is written is not slept on", async () => {
  const [locked, slept] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const trip = saga(async (s) => {
    await locked.promise;
    await s.sleep("rest", 600);
    slept.resolve();
    await book(s, "flight");
  });
  const id = await world.start(engine("a", trip), trip, {});
  const holder = world.database.transaction({ deadline: performance.now() + 10_000 });
  await holder.raw.query("select from kerf.saga where id = $1 for update", [id]);
  locked.resolve();
  // By then it is to be put aside, which waits for the record of the sleep.
  await slept.promise;
  await holder.rollback();
  await world.until(id, "completed");
  assert.deepEqual(await world.effects(), ["flight"]);
});

test("whoever lost its lease is refused, and its successor goes on from what is recorded", async () => {
  const goOn = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let sleeper = true;
  const trip = saga(async (s) => {
    await book(s, "flight");
    if (sleeper) {
      sleeper = false;
      reached.resolve();
      await goOn.promise;
    }
    await book(s, "hotel");
  });
  const id = await world.start(engine("sleeper", trip), trip, {});
  await reached.promise;
  await expire();
  engine("i2", trip);
  await world.until(id, "completed");
  goOn.resolve();
  await engines[0]?.stop();
  assert.deepEqual(await world.effects(), ["flight", "hotel"]);
  const steps = await world.rows("select from kerf.saga_step where saga = $1", [id]);
  assert.equal(steps.length, 2);
});

test("killed at any point, over many seeds: it ends, each step once, undone last first", async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = seededRandom(seed);
    const declines = random.next() < 0.5;
    const trip = saga(
      async (s) => {
        await book(s, "flight");
        await s.local("note", ({ transaction }) =>
          transaction.raw.query("insert into note (what) values ('half way')"),
        );
        await book(s, "hotel");
        await book(s, "car");
      },
      { name: `trip${seed}` },
    );
    let calls = 0;
    const killAt = Math.floor(random.next() * 8);
    const killed = Promise.withResolvers<void>();
    world.onCall = (when, what) => {
      if (calls++ === killAt) {
        killed.resolve();
        throw new KerfError("connection_lost", "the process is gone");
      }
      if (declines && when === "before" && what === "car") throw new DeclaredError("none", {});
    };
    const first = world.engine(`first${seed}`, [trip]);
    first.start();
    const id = await world.start(first, trip, {});
    await Promise.race([killed.promise, world.until(id, "completed", "undone")]);
    // Nothing of it is heard again: its successor takes what it leased.
    await first.stop();
    await expire();
    const second = world.engine(`second${seed}`, [trip]);
    second.start();
    const state = await world.until(id, "completed", "undone");
    await second.stop();
    assert.equal(state, declines ? "undone" : "completed", `seed ${seed}`);
    const done = declines
      ? ["flight", "hotel", "cancel hotel", "cancel flight"]
      : ["flight", "hotel", "car"];
    assert.deepEqual(await world.effects(), done, `seed ${seed}`);
    assert.equal((await world.rows("select from note")).length, 1, `seed ${seed}`);
    await world.run("delete from effect");
    await world.run("delete from note");
  }
});
