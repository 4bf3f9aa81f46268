import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { contract, event, schemaFrom } from "@kerf/contract";
import { systemClock } from "@kerf/kernel";
import { z } from "zod";
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
  for (const table of ["kerf.saga", "kerf.saga_signal", "effect", "note"])
    await world.run(`delete from ${table}`);
});
after(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await world.stop();
});

const payments = contract("payments", {
  version: "1.0.0",
  operations: {},
  events: {
    settled: event({ schema: z.object({ order: z.string(), amount: z.int() }), key: "order" }),
  },
});

type Steps = SagaSteps<Clients, Local>;

function saga(run: (s: Steps) => Promise<void>, version = 1): SagaDefinition<any, Steps> {
  const input = schemaFrom({ type: "object" }, (value) => value);
  return { name: "trip", version, input, waits: [payments], run };
}

function engine(instance: string, ...definitions: SagaDefinition<any, any>[]): SagaEngine {
  const made = world.engine(instance, definitions);
  engines.push(made);
  made.start();
  return made;
}

const book = (s: Steps, what: string, pivot = false) =>
  s.call(
    what,
    s.clients.act,
    { what },
    { pivot, undo: () => s.clients.act({ what: `cancel ${what}` }) },
  );

const settle = (by: SagaEngine, order: string, amount: number, id = "1") =>
  world.database.inTransaction(systemClock.now() + 5_000, (transaction) =>
    by.signal(transaction, { producer: "payments", event: "settled", key: order }, id, {
      order,
      amount,
    }),
  );

const waiting = (seen: (amount: number | undefined) => void, timeoutMs = 60_000) =>
  saga(async (s) => {
    await book(s, "flight");
    const paid = await s.waitFor("paid", payments, "settled", { key: "o1", timeoutMs });
    seen(paid?.amount);
    if (paid === undefined) throw s.fail("not paid in time");
    await book(s, "hotel");
  });

const isAside = async (id: string) =>
  (await world.rows("select from kerf.saga where id = $1 and waiting is not null", [id])).length ===
  1;

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = systemClock.now() + 15_000;
  while (!(await condition())) {
    if (systemClock.now() > end) assert.fail(`${what} took too long`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("a saga waits for an event without holding anything, and goes on with it", async () => {
  const seen: (number | undefined)[] = [];
  const trip = waiting((amount) => seen.push(amount));
  const running = engine("i1", trip);
  const id = await world.start(running, trip, {});
  await until("it is put aside", () => isAside(id));
  await settle(running, "other", 1);
  await settle(running, "o1", 7);
  assert.equal(await world.until(id, "completed"), "completed");
  assert.deepEqual(seen, [7]);
  assert.deepEqual(await world.effects(), ["flight", "hotel"]);
});

test("an event that comes before its saga gets to wait for it is not lost; one from before the saga is none of its", async () => {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const seen: (number | undefined)[] = [];
  const trip = saga(async (s) => {
    reached.resolve();
    await s.local("hold", () => goOn.promise);
    seen.push(
      (await s.waitFor("paid", payments, "settled", { key: "o1", timeoutMs: 60_000 }))?.amount,
    );
  });
  const running = engine("i1", trip);
  await settle(running, "o1", 1, "1");
  const id = await world.start(running, trip, {});
  await reached.promise;
  await settle(running, "o1", 2, "2");
  goOn.resolve();
  await world.until(id, "completed");
  assert.deepEqual(seen, [2]);
});

test("what does not come in time is undefined, over a change of owners too", async () => {
  const seen: (number | undefined)[] = [];
  const trip = waiting((amount) => seen.push(amount), 2_500);
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  await until("it is put aside", () => isAside(id));
  await first.stop();
  engine("i2", trip);
  assert.equal(await world.until(id, "undone"), "undone");
  assert.deepEqual(seen, [undefined]);
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
});

test("cancelled, it is undone from its next step on, wherever it rests", async () => {
  const trip = waiting(() => undefined);
  const running = engine("i1", trip);
  const id = await world.start(running, trip, {});
  await until("it is put aside", () => isAside(id));
  await running.desk.cancel(id, "ordered twice");
  running.nudge();
  // It still waits; what it waits for or its time lets it go on to where the cancellation is heeded.
  assert.equal(await world.until(id, "undone"), "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
  const shown = await running.desk.show(id);
  assert.deepEqual(shown?.failure, { code: "cancelled", message: "ordered twice" });
  assert.deepEqual(
    shown?.steps.filter(({ kind }) => kind === "undo").map(({ step }) => step),
    ["flight"],
  );
});

test("beyond its pivot it is not cancelled any more", async () => {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const trip = saga(async (s) => {
    await book(s, "flight", true);
    await s.local("note", async ({ transaction }) => {
      reached.resolve();
      await goOn.promise;
      await transaction.raw.query("insert into note (what) values ('n')");
    });
  });
  const running = engine("i1", trip);
  const id = await world.start(running, trip, {});
  await reached.promise;
  await assert.rejects(running.desk.cancel(id, "too late"), { code: "conflict", message: /pivot/ });
  goOn.resolve();
  assert.equal(await world.until(id, "completed"), "completed");
  await assert.rejects(running.desk.cancel(id, "too late"), { code: "conflict" });
});

test("a cancellation while a step's outcome is unknown first learns it, and then undoes it", async () => {
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const trip = saga(async (s) => {
    await book(s, "flight");
    await book(s, "hotel");
  });
  let held = false;
  world.onCall = (when, what) => {
    if (when !== "after" || what !== "flight" || held) return;
    held = true;
    reached.resolve();
    // It took effect, and its answer is lost with the process.
    throw Object.assign(new Error("the connection was reset"), { code: "ECONNRESET" });
  };
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  await reached.promise;
  await first.stop();
  goOn.resolve();
  await first.desk.cancel(id, "changed their mind");
  engine("i2", trip);
  assert.equal(await world.until(id, "undone"), "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
});

test("a stuck saga goes on after a retry, or is settled by hand with a note", async () => {
  let broken = true;
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.local("check", () => {
      if (broken) throw new TypeError("a bug");
    });
  });
  const running = engine("i1", trip);
  const [mended, left] = [
    await world.start(running, trip, {}),
    await world.start(running, trip, {}),
  ];
  await world.until(mended, "stuck");
  await world.until(left, "stuck");
  broken = false;
  await running.desk.retry(mended);
  running.nudge();
  assert.equal(await world.until(mended, "completed"), "completed");
  await running.desk.resolve(left, "flown by another airline");
  const shown = await running.desk.show(left);
  assert.equal(shown?.state, "settled");
  assert.equal((shown?.settled as { note: string } | undefined)?.note, "flown by another airline");
  await assert.rejects(running.desk.retry(left), { code: "conflict" });
  assert.deepEqual(
    (await running.desk.list("settled")).map(({ id }) => id),
    [left],
  );
  assert.equal(await running.desk.show("00000000-0000-7000-8000-000000000000"), undefined);
  await assert.rejects(running.desk.show("x'; drop table kerf.saga; --"), {
    code: "invalid_input",
  });
});

test("a stuck saga that is cancelled is undone", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.local("check", () => {
      throw new TypeError("a bug");
    });
  });
  const running = engine("i1", trip);
  const id = await world.start(running, trip, {});
  await world.until(id, "stuck");
  await running.desk.cancel(id, "cannot be mended");
  running.nudge();
  assert.equal(await world.until(id, "undone"), "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
});

test("a release that drops a version of which instances run is refused", async () => {
  const old = waiting(() => undefined);
  const running = engine("i1", old);
  const id = await world.start(running, old, {});
  await until("it is put aside", () => isAside(id));
  await running.assertDeclared();
  const next = engine(
    "i2",
    saga(async () => undefined, 2),
  );
  await assert.rejects(next.assertDeclared(), {
    code: "saga_version_in_use",
    message: /trip version 1 \(1 running\)/,
  });
  const both = engine(
    "i3",
    old,
    saga(async () => undefined, 2),
  );
  await both.assertDeclared();
});

test("chance comes from the saga: every run has the same", async () => {
  const drawn: number[] = [];
  const trip = saga(async (s) => {
    drawn.push(await s.random("lot"));
    await s.sleep("pause", 2_500);
  });
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  await until("it sleeps", async () => drawn.length === 1);
  await first.stop();
  engine("i2", trip);
  await world.until(id, "completed");
  assert.equal(drawn.length, 2);
  assert.equal(drawn[0], drawn[1]);
});

test("two rests beside each other: the saga is back for the first of them", async () => {
  const ends: string[] = [];
  const trip = saga(async (s) => {
    await Promise.all([
      s.sleep("long", 3_000).then(() => ends.push("long")),
      s
        .waitFor("paid", payments, "settled", { key: "o1", timeoutMs: 60_000 })
        .then((paid) => ends.push(`paid ${paid?.amount}`)),
    ]);
  });
  const running = engine("i1", trip);
  const id = await world.start(running, trip, {});
  await until("it is put aside", () => isAside(id));
  await settle(running, "o1", 3);
  assert.equal(await world.until(id, "completed"), "completed");
  assert.deepEqual([...new Set(ends)], ["paid 3", "long"]);
});
