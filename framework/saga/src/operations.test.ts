import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { schemaFrom } from "@kerf/contract";
import { DeclaredError, KerfError, systemClock } from "@kerf/kernel";
import type { SagaEngine } from "./engine.ts";
import { SagaOperations } from "./operations.ts";
import type { SagaDefinition, SagaSteps } from "./saga.ts";
import { bank, type Clients, type Local } from "./testing/bank.ts";
import { assertVersionsKnown } from "./unknown-versions.ts";

type Steps = SagaSteps<Clients, Local>;

let world: Awaited<ReturnType<typeof bank>>;
let engines: SagaEngine[] = [];
let operations: SagaOperations;
const operator = { by: "ada" };

before(async () => {
  world = await bank();
  operations = new SagaOperations({
    database: world.database,
    clock: systemClock,
    nudge: (id, cancelledBy) => {
      for (const engine of engines) engine.nudge(id, cancelledBy);
    },
  });
});
beforeEach(async () => {
  await stopAll();
  world.onCall = () => {};
  await world.run("delete from kerf.saga");
  await world.run("delete from kerf.saga_step");
  await world.run("delete from effect");
  await world.run("delete from note");
});
after(async () => {
  await stopAll();
  await world.stop();
});

async function stopAll(): Promise<void> {
  await Promise.all(engines.map((engine) => engine.stop()));
  engines = [];
}

function saga(run: (s: Steps) => Promise<void>, version = 1): SagaDefinition<any, Steps> {
  return { name: "trip", version, input: schemaFrom({ type: "object" }, (value) => value), run };
}

function engine(instance: string, ...definitions: SagaDefinition<any, any>[]): SagaEngine {
  const made = world.engine(instance, definitions);
  engines.push(made);
  made.start();
  return made;
}

const book = (s: Steps, what: string, options: { pivot?: boolean } = {}) =>
  s.call(
    what,
    s.clients.act,
    { what },
    { ...options, undo: () => s.clients.act({ what: `cancel ${what}` }) },
  );

/** A point in a saga that a test holds open. */
function gate(): { reached: Promise<void>; open: () => void; pass: () => Promise<void> } {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    reached: reached.promise,
    open: opened.resolve,
    async pass() {
      reached.resolve();
      await opened.promise;
    },
  };
}

test("cancelled before the pivot: what was done is undone, and nothing else begins", async () => {
  const held = gate();
  const trip = saga(async (s) => {
    await book(s, "flight");
    await held.pass();
    await book(s, "hotel");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await held.reached;
  await operations.cancel(id, { ...operator, note: "changed their mind" });
  held.open();
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
  const { failure, notes, cancelled } = await operations.show(id);
  assert.equal(failure?.code, "cancelled");
  assert.equal(cancelled, true);
  assert.deepEqual(
    notes.map(({ action, by, note }) => ({ action, by, note })),
    [{ action: "cancel", by: "ada", note: "changed their mind" }],
  );
  await operations.cancel(id, operator);
});

test("a saga that sleeps is cancelled at once", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.sleep("overnight", 3_600_000);
    await book(s, "hotel");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  while ((await operations.show(id)).wakeAt === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await operations.cancel(id, operator);
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
});

test("beyond the pivot a cancellation is refused, saying which step it was", async () => {
  const held = gate();
  const trip = saga(async (s) => {
    await book(s, "flight");
    await book(s, "pay", { pivot: true });
    await s.local("paid", () => {});
    await held.pass();
    await book(s, "hotel");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await held.reached;
  const refusal = { code: "conflict", why: /beyond its pivot "pay"/ };
  await assert.rejects(operations.cancel(id, operator), refusal);
  held.open();
  await world.until(id, "completed");
  await assert.rejects(operations.cancel(id, operator), { code: "conflict", why: /completed/ });
  assert.deepEqual(await world.effects(), ["flight", "pay", "hotel"]);
});

test("cancelled while the pivot is under way: its outcome decides", async () => {
  for (const declines of [true, false]) {
    const held = gate();
    const trip = saga(async (s) => {
      await book(s, "flight");
      await book(s, "pay", { pivot: true });
      await book(s, "hotel");
    });
    let lost = true;
    world.onCall = (when, what) => {
      if (what !== "pay") return;
      if (when === "before" && declines && !lost) throw new DeclaredError("declined", {});
      if (!lost) return;
      lost = false;
      held.pass().catch(() => {});
      throw new KerfError("connection_lost", "gone");
    };
    const id = await world.start(engine("i1", trip), trip, {});
    await held.reached;
    await operations.cancel(id, operator);
    const state = await world.until(id, "completed", "undone");
    assert.equal(state, declines ? "undone" : "completed");
    const effects = declines ? ["flight", "cancel flight"] : ["flight", "pay", "hotel"];
    assert.deepEqual(await world.effects(), effects);
    await world.run("delete from effect");
    await stopAll();
  }
});

test("cancelled with a call of unknown outcome and a dead process: it is resolved by its key, then undone", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await book(s, "hotel");
    await book(s, "car");
  });
  const lost = Promise.withResolvers<void>();
  let isDown = true;
  world.onCall = (when, what) => {
    if (what === "hotel" && when === "after" && isDown) {
      lost.resolve();
      throw new KerfError("connection_lost", "the answer is lost");
    }
  };
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  await lost.promise;
  await first.stop();
  await operations.cancel(id, operator);
  isDown = false;
  await world.run("update kerf.saga set leased_until = '-infinity'");
  engine("i2", trip);
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["flight", "hotel", "cancel hotel", "cancel flight"]);
  // A late arrival of the call finds its key used.
  const late = await world.rows("select from effect where key = $1", [`saga:${id}:hotel`]);
  assert.equal(late.length, 1);
});

test("a cancellation is part of the transaction that asks for it", async () => {
  const held = gate();
  const trip = saga(async (s) => {
    await book(s, "flight");
    await held.pass();
    await book(s, "hotel");
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await held.reached;
  const transaction = world.database.transaction({ deadline: systemClock.now() + 10_000 });
  await operations.cancel(id, operator, transaction);
  await transaction.rollback();
  held.open();
  assert.equal(await world.until(id, "completed", "undone"), "completed");
});

test("retry goes on where a saga stopped; resolve settles it by hand, with who and why", async () => {
  let isBroken = true;
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.local("count", ({ transaction }) => {
      if (isBroken) throw new TypeError("undefined is not a function");
      return transaction.raw.query("insert into note (what) values ('counted')");
    });
  });
  const running = engine("i1", trip);
  const id = await world.start(running, trip, {});
  const other = await world.start(running, trip, {});
  await assert.rejects(operations.retry(id, operator), { code: "conflict" });
  await world.until(id, "stuck");
  await world.until(other, "stuck");
  isBroken = false;
  await operations.retry(id, operator);
  await world.until(id, "completed");
  await operations.resolve(other, { by: "ada", note: "refunded by phone" });
  const { state, notes, steps } = await operations.show(other);
  assert.equal(state, "resolved");
  assert.deepEqual(notes.at(-1)?.note, "refunded by phone");
  assert.deepEqual(
    steps.map(({ step }) => step),
    ["flight"],
  );
  assert.deepEqual(await operations.list({}), []);
  assert.deepEqual(
    (await operations.list({ all: true })).map((each) => each.id),
    [other, id],
  );
  assert.equal((await world.rows("select from note")).length, 1);
});

test("an undo that fails for good asks for an operator, and retry undoes for the first reason", async () => {
  let isBroken = true;
  const reasons: string[] = [];
  const trip = saga(async (s) => {
    await s.call(
      "flight",
      s.clients.act,
      { what: "flight" },
      {
        undo: async (_input, _answer, failure) => {
          if (isBroken) throw new DeclaredError("locked", {});
          reasons.push(failure.message);
        },
      },
    );
    throw s.fail("too expensive");
  });
  const first = engine("i1", trip);
  const id = await world.start(first, trip, {});
  await world.until(id, "undoing");
  await first.stop();
  // As after its tenth attempt.
  await world.run(
    `update kerf.saga set state = 'stuck', stuck_from = 'undoing',
      failure = '{"code": "internal", "message": "undo of flight: locked"}'::jsonb || jsonb_build_object('undoing', failure)`,
  );
  isBroken = false;
  engine("i2", trip);
  await assert.rejects(operations.cancel(id, operator), { why: /being undone already/ });
  await operations.retry(id, operator);
  await world.until(id, "undone");
  assert.deepEqual(reasons, ["too expensive"]);
});

test("what is cancelled while it is stuck is undone", async () => {
  const trip = saga(async (s) => {
    await book(s, "flight");
    await s.local("count", () => {
      throw new TypeError("undefined is not a function");
    });
  });
  const id = await world.start(engine("i1", trip), trip, {});
  await world.until(id, "stuck");
  await operations.cancel(id, operator);
  await world.until(id, "undone");
  assert.deepEqual(await world.effects(), ["flight", "cancel flight"]);
});

test("a saga that is not there is not found, whatever is asked", async () => {
  for (const id of ["01890000-0000-7000-8000-000000000000", "what"]) {
    await assert.rejects(operations.show(id), { code: "not_found" });
    await assert.rejects(operations.cancel(id, operator), { code: "not_found" });
    await assert.rejects(operations.retry(id, operator), { code: "not_found" });
  }
});

test("a program without a version of which instances run is refused, with name, version and count", async () => {
  const old = saga(async (s) => await s.sleep("long", 3_600_000), 1);
  const running = engine("i1", old);
  await world.start(running, old, {});
  await world.start(running, old, {});
  const check = (...versions: number[]) =>
    assertVersionsKnown(
      "bank",
      world.database,
      versions.map((version) => ({ name: "trip", version })),
      systemClock.now() + 10_000,
    );
  await check(1, 2);
  await assert.rejects(check(2), {
    code: "invalid_app",
    message: /trip version 1 \(2 instances\)/,
    fix: /kerf saga cancel/,
  });
  await assert.rejects(check(), { code: "invalid_app" });
});
