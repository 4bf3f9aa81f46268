import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KerfError, newId, seededRandom, systemClock } from "@kerf/kernel";
import { Journal } from "./journal.ts";
import type { SagaRow, StepRow } from "./saga.ts";
import { bank } from "./testing/bank.ts";

let world: Awaited<ReturnType<typeof bank>>;
let journal: Journal;
const stopping = new AbortController();

before(async () => {
  world = await bank();
  journal = new Journal({
    database: world.database,
    clock: systemClock,
    random: seededRandom(1),
    instance: "i1",
    signal: stopping.signal,
  });
});
after(async () => {
  stopping.abort();
  await world.stop();
});

/** Sagas of this instance, inserted by the journal itself. */
async function started(count: number): Promise<SagaRow[]> {
  const sagas = Array.from({ length: count }, () => ({
    id: newId(systemClock),
    name: "trip",
    version: 1,
    input: {},
    trace: "",
    principal: null,
  }));
  await Promise.all(sagas.map((start) => journal.start({ start })));
  return sagas.map((saga) => ({
    ...saga,
    state: "running",
    failure: null,
    epoch: "1",
    cancel: null,
  }));
}

const step = (name: string, answer: unknown = null): StepRow => ({
  step: name,
  kind: "do",
  declined: false,
  pivot: false,
  answer,
});

async function stepsOf({ id }: SagaRow): Promise<unknown[]> {
  const rows = await world.rows<{ step: string }>(
    "select step from kerf.saga_step where saga = $1 order by position",
    [id],
  );
  return rows.map((row) => row.step);
}

/** Distinct transactions that wrote the steps of these. */
async function transactions(sagas: readonly SagaRow[]): Promise<number> {
  const rows = await world.rows(
    "select distinct xmin::text from kerf.saga_step where saga = any($1::uuid[])",
    [sagas.map(({ id }) => id)],
  );
  return rows.length;
}

test("what many sagas write at once is one transaction, in the order in which each wrote", async () => {
  const sagas = await started(20);
  await Promise.all(
    sagas.flatMap((saga) => [
      journal.write({ saga, row: step("one") }),
      journal.write({ saga, row: step("two") }),
    ]),
  );
  assert.equal(await transactions(sagas), 1);
  for (const saga of sagas) assert.deepEqual(await stepsOf(saga), ["one", "two"]);
});

test("a stale epoch in a batch fails its own saga and nobody else's", async () => {
  const [stale, ...fresh] = (await started(3)) as [SagaRow, ...SagaRow[]];
  await world.run("update kerf.saga set epoch = 2, owner = 'i2' where id = $1", [stale.id]);
  const move = { state: "completed", failure: null, pivoted: false } as const;
  const results = await Promise.allSettled(
    [stale, ...fresh].map((saga) => journal.write({ saga, row: step("one"), move })),
  );
  assert.deepEqual(
    results.map((result) => (result.status === "rejected" ? result.reason.code : result.value)),
    ["stale_lease", { cancelled: false }, { cancelled: false }],
  );
  assert.deepEqual(await stepsOf(stale), []);
  assert.equal(await world.state(stale.id), "running");
  for (const saga of fresh) assert.equal(await world.state(saga.id), "completed");
});

test("a saga whose row somebody holds is written when they let go, and holds nobody else up", async () => {
  const [held, other] = (await started(2)) as [SagaRow, SagaRow];
  const holder = world.database.transaction({ deadline: systemClock.now() + 10_000 });
  await holder.raw.query("select from kerf.saga where id = $1 for update", [held.id]);
  const waiting = journal.write({ saga: held, row: step("one") });
  await journal.write({ saga: other, row: step("one") });
  assert.deepEqual(await stepsOf(held), []);
  await holder.rollback();
  await waiting;
  assert.deepEqual(await stepsOf(held), ["one"]);
});

test("what waits for a row is written in the order in which it was handed over", async () => {
  const [held] = (await started(1)) as [SagaRow];
  const holder = world.database.transaction({ deadline: systemClock.now() + 10_000 });
  await holder.raw.query("select from kerf.saga where id = $1 for update", [held.id]);
  const one = journal.write({ saga: held, row: step("one") });
  // On its way, and refused, while the next one comes.
  await new Promise((resolve) => setImmediate(resolve));
  const two = journal.write({ saga: held, row: step("two") });
  const [other] = (await started(1)) as [SagaRow];
  await journal.write({ saga: other, row: step("one") });
  await holder.rollback();
  await Promise.all([one, two]);
  assert.deepEqual(await stepsOf(held), ["one", "two"]);
});

test("an answer that PostgreSQL refuses fails its own saga and nobody else's", async () => {
  const [bad, good] = (await started(2)) as [SagaRow, SagaRow];
  const results = await Promise.allSettled([
    journal.write({ saga: bad, row: step("one", "\u0000") }),
    journal.write({ saga: good, row: step("one", "a") }),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  assert.deepEqual(await stepsOf(good), ["one"]);
});

test("writing the same again changes nothing: a COMMIT without an answer is simply repeated", async () => {
  const [saga] = (await started(1)) as [SagaRow];
  await journal.write({ saga, row: step("one", 1) });
  await journal.write({ saga, row: step("one", 2) });
  assert.deepEqual(
    await world.rows("select answer from kerf.saga_step where saga = $1", [saga.id]),
    [{ answer: 1 }],
  );
});

test("while connections break, what a saga has done is written again until it is answered", async () => {
  const sagas = await started(10);
  let broken = 0;
  const writing = Promise.all(
    sagas.map(async (saga) => {
      for (const name of ["one", "two", "three"]) await journal.write({ saga, row: step(name) });
    }),
  );
  for (; broken < 3; broken += 1) {
    await world
      .run(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
      )
      .catch((error: unknown) => assert.ok(error instanceof KerfError));
  }
  await writing;
  for (const saga of sagas) assert.deepEqual(await stepsOf(saga), ["one", "two", "three"]);
});
