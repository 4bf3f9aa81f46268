import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { contract, event, schemaFrom } from "@kerf/contract";
import { KerfError, systemClock } from "@kerf/kernel";
import type { SagaEngine } from "./engine.ts";
import type { SagaDefinition, SagaSteps } from "./saga.ts";
import { bank, type Clients, type Local } from "./testing/bank.ts";

const anything = schemaFrom({ type: "object" }, (value) => value as { amount: number });
const payments = contract("payments", {
  version: "1.0.0",
  operations: {},
  events: { settled: event({ schema: anything, key: "order" }) },
});

type Steps = SagaSteps<Clients, Local>;

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
  await world.run("delete from kerf.saga_step");
  await world.run("delete from kerf.saga_signal");
  await world.run("delete from effect");
});
after(async () => {
  await Promise.all(engines.map((engine) => engine.stop()));
  await world.stop();
});

function engine(instance: string, definition: SagaDefinition<any, any>): SagaEngine {
  const made = world.engine(instance, [definition]);
  engines.push(made);
  made.start();
  return made;
}

/** Books, waits for the payment, and ships or gives up. */
function order(timeoutMs: number, paid: (s: Steps) => Promise<void> = async () => {}) {
  const definition: SagaDefinition<any, Steps> = {
    name: "order",
    version: 1,
    input: anything,
    waits: [{ producer: payments, events: ["settled"] }],
    async run(s) {
      await s.call(
        "reserve",
        s.clients.act,
        { what: "reserve" },
        { undo: () => s.clients.act({ what: "release" }) },
      );
      await paid(s);
      const answer = await s.waitFor("paid", payments, "settled", { key: "o1", timeoutMs });
      if (answer === undefined) throw s.fail("not paid in time");
      await s.call("ship", s.clients.act, { what: `ship for ${answer.amount}` });
    },
  };
  return definition;
}

const settle = (through: SagaEngine, amount: number, key = "o1"): Promise<void> =>
  world.database.inTransaction(systemClock.now() + 10_000, (transaction) =>
    through.signal(transaction, {
      producer: "payments",
      event: "settled",
      key,
      payload: { amount },
    }),
  );

/** Until the wait of the saga is registered and nobody works on it. */
async function aside(id: string): Promise<void> {
  const statement =
    "select from kerf.saga s join kerf.saga_step w on w.saga = s.id and w.kind = 'wait' where s.id = $1 and s.owner is null";
  while ((await world.rows(statement, [id])).length === 0)
    await new Promise((resolve) => setTimeout(resolve, 5));
}

test("an event that comes while it is waited for wakes the saga, in whatever instance", async () => {
  const definition = order(3_600_000);
  const first = engine("i1", definition);
  const id = await world.start(first, definition, {});
  await aside(id);
  await first.stop();
  const second = engine("i2", definition);
  await settle(second, 7, "another order");
  await settle(second, 5);
  assert.equal(await world.until(id, "completed"), "completed");
  assert.deepEqual(await world.effects(), ["reserve", "ship for 5"]);
});

test("an event is given to a step once, though nobody heard that it was recorded", async () => {
  const definition = order(3_600_000);
  const database = world.open("i1");
  const commit = database.inTransaction.bind(database);
  let lost = 0;
  // The connection breaks behind the COMMIT of what came.
  database.inTransaction = async (deadline, work) => {
    const result = await commit(deadline, work);
    if (!Object.hasOwn((result ?? {}) as object, "row")) return result;
    lost += 1;
    throw new KerfError("unavailable", { message: "No answer came.", retry: "unknown" });
  };
  const running = world.engine("i1", [definition], database);
  engines.push(running);
  running.start();
  const id = await world.start(running, definition, {});
  await settle(running, 5);
  assert.equal(await world.until(id, "completed", "stuck"), "completed");
  assert.equal(lost, 1);
  assert.deepEqual(await world.effects(), ["reserve", "ship for 5"]);
});

test("an event that comes before the wait, but after the saga began, is not lost", async () => {
  const goOn = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const definition = order(3_600_000, async () => {
    reached.resolve();
    await goOn.promise;
  });
  const running = engine("i1", definition);
  await settle(running, 1);
  const id = await world.start(running, definition, {});
  await reached.promise;
  await settle(running, 2);
  await settle(running, 3);
  goOn.resolve();
  await world.until(id, "completed");
  // Not the one before it began, and the older of the two after.
  assert.deepEqual(await world.effects(), ["reserve", "ship for 2"]);
});

test("without the event the wait ends at its time, and what was done is undone", async () => {
  const definition = order(20);
  const id = await world.start(engine("i1", definition), definition, {});
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["reserve", "release"]);
});

test("the time of a wait is decided once: a process that dies does not begin it anew", async () => {
  const definition = order(3_600_000);
  const first = engine("i1", definition);
  const id = await world.start(first, definition, {});
  await aside(id);
  await first.stop();
  await world.run(
    `update kerf.saga_step set answer = answer || '{"until": 0}' where saga = $1 and kind = 'wait'`,
    [id],
  );
  await world.run("update kerf.saga set wake_at = now()");
  engine("i2", definition);
  await world.until(id, "undone");
});

test("an event is kept by the transaction that applies it, or not at all", async () => {
  const definition = order(3_600_000);
  const running = engine("i1", definition);
  const id = await world.start(running, definition, {});
  await aside(id);
  const transaction = world.database.transaction({ deadline: systemClock.now() + 10_000 });
  const signal = { producer: "payments", event: "settled", key: "o1", payload: { amount: 1 } };
  await running.signal(transaction, signal);
  await transaction.rollback();
  assert.equal((await world.rows("select from kerf.saga_signal")).length, 0);
  await settle(running, 2);
  await world.until(id, "completed");
  assert.deepEqual(await world.effects(), ["reserve", "ship for 2"]);
});

test("a signal beside the beginning of the wait is seen by one of the two, over many turns", async () => {
  const definition = order(3_600_000);
  const running = engine("i1", definition);
  const ids = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const id = await world.start(running, definition, {});
      await settle(running, 1);
      return id;
    }),
  );
  for (const id of ids) assert.equal(await world.until(id, "completed"), "completed");
});

test("two steps that wait for the same are given one event each", async () => {
  const amounts: (number | undefined)[] = [];
  const definition: SagaDefinition<any, Steps> = {
    ...order(0),
    async run(s) {
      const options = { key: "o1", timeoutMs: 3_600_000 };
      const both = await Promise.all([
        s.waitFor("first", payments, "settled", options),
        s.waitFor("second", payments, "settled", options),
      ]);
      await s.sleep("a moment", 1);
      amounts.push(...both.map((each) => each?.amount));
    },
  };
  const running = engine("i1", definition);
  const id = await world.start(running, definition, {});
  await settle(running, 1);
  await settle(running, 2);
  await world.until(id, "completed");
  assert.deepEqual(
    amounts.toSorted((a, b) => Number(a) - Number(b)),
    [1, 2],
  );
});

test("an event that the saga's waits do not name asks for an operator", async () => {
  const definition = { ...order(20), waits: [] };
  const id = await world.start(engine("i1", definition), definition, {});
  await world.until(id, "stuck");
  const [row] = await world.rows<{ failure: { message: string } }>("select failure from kerf.saga");
  assert.match(row?.failure.message ?? "", /payments\.settled, which its waits do not name/);
});
