import assert from "node:assert/strict";
import { undoLabel } from "../app/declared.ts";
import type { Found, FoundSaga } from "./found.ts";

/** What lies in all accounts together at the start (migrations/wallet). */
const money = 400;

/** What must hold after every run, whoever was killed where; throws what does not. */
export function assertInvariants(found: Found): void {
  assertMoney(found);
  assertEffects(found);
  assertEvents(found);
  assertConsumed(found);
  assertSagas(found);
  assertBills(found);
}

function assertMoney({ accounts, services, undoneSavepoints }: Found): void {
  if (!services.includes("wallet")) return;
  const sum = [...accounts.values()].reduce((total, { balance }) => total + balance, 0);
  assert.equal(sum, money, "money is constant");
  for (const [name, { balance }] of accounts) assert.ok(balance >= 0, `${name} owes money`);
  assert.equal(undoneSavepoints, 0, "what was rolled back to a savepoint is not there");
}

/** At most one effect a key, and exactly one when it was answered. */
function assertEffects({ effects, outcomes, purchases }: Found): void {
  assertUnique(effects, "payments");
  assertUnique(purchases, "purchases");
  for (const [key, outcome] of outcomes) {
    const [operation, label] = key.split(/ (.*)/) as [string, string];
    const paid = effects.includes(label);
    const bought = purchases.includes(label);
    if (operation === "pay" || operation === "buy")
      assert.equal(paid, "answer" in outcome, `${key}: it was paid if it was answered so`);
    if (operation === "order" || operation === "buy")
      assert.equal(bought, "answer" in outcome, `${key}: it was bought if it was answered so`);
  }
}

/** Every effect has its event, in the order of its key. */
function assertEvents({ accounts, effects, events }: Found): void {
  assert.deepEqual(
    events.map(({ label }) => label).sort(),
    [...effects].sort(),
    "every payment is an event",
  );
  for (const [name, { paid }] of accounts) {
    assert.deepEqual(
      events.filter(({ account }) => account === name).map((event) => event.paid),
      Array.from({ length: paid }, (_, index) => index + 1),
      `events of ${name} have the order of their commits`,
    );
  }
}

/** Every event was applied or parked, once and in the order of its key. */
function assertConsumed(found: Found): void {
  const { events, generation, parked, seen, services, skipped, accounts } = found;
  if (!services.includes("audit")) return;
  for (const name of accounts.keys()) {
    const committed = events.filter(({ account }) => account === name).map(({ id }) => id);
    const applied = seen.filter(({ account }) => account === name).map(({ event }) => event);
    const aside = parked.filter(({ key }) => key === name).map(({ id }) => id);
    const over = skipped.filter(({ key }) => key === name).map(({ id }) => id);
    if (name !== "poison") assert.deepEqual(aside, [], `nothing of ${name} is parked`);
    const passes = passesOf(applied);
    // Whoever begins anew may be told so again before anything was applied.
    assert.ok(passes.length <= generation + 1, `${name}: applied anew without being told so`);
    const last = passes.pop() ?? [];
    assert.deepEqual(
      [...over, ...last, ...aside],
      committed,
      `every event of ${name} is passed over, applied or parked, once and in order`,
    );
    for (const earlier of passes)
      assert.deepEqual(earlier, committed.slice(0, earlier.length), `${name}: nothing is left out`);
  }
}

/** Ids that grow, each time that it was begun anew. */
function passesOf(applied: readonly string[]): string[][] {
  const passes: string[][] = [];
  let last = 0n;
  for (const id of applied) {
    if (passes.length === 0 || BigInt(id) <= last) passes.push([]);
    passes.at(-1)?.push(id);
    last = BigInt(id);
  }
  return passes;
}

/** Every saga that was started has ended, and what it did or undid took effect once. */
function assertSagas(found: Found): void {
  const { notes, outcomes, packed, purchases, sagas } = found;
  const ordered = purchases.filter((label) => outcomes.has(`order ${label}`));
  assert.deepEqual(
    sagas.map(({ label }) => label).sort(),
    [...ordered].sort(),
    "every order starts one saga",
  );
  for (const saga of sagas) {
    if (saga.state === "completed") assertCompleted(saga, found);
    else if (saga.state === "undone") assertUndone(saga, found);
    else assert.fail(`the saga ${saga.label} is ${saga.state}: ${saga.failure?.message}`);
  }
  assertUnique(
    notes.map(({ label, what }) => `${label} ${what}`),
    "notes",
  );
  assert.deepEqual(
    [...packed].sort(),
    notes.flatMap(({ label, what }) => (what === "packed" ? [label] : [])).sort(),
    "a local step's events are those of its effect",
  );
}

function assertCompleted({ label, steps }: FoundSaga, { effects, notes }: Found): void {
  assert.ok(effects.includes(`${label} reserve`), `${label}: reserve took effect`);
  assert.ok(effects.includes(`${label} settle`), `${label}: settle took effect`);
  assert.ok(!effects.includes(undoLabel(`${label} reserve`)), `${label}: nothing was undone`);
  assert.deepEqual(notesOf(label, notes), ["packed"]);
  const done = steps.filter((step) => step !== "rest");
  assert.deepEqual(done, ["reserve", "pack", "settle"], `steps of ${label}`);
}

function assertUndone({ label, steps }: FoundSaga, { effects, notes }: Found): void {
  assert.ok(!effects.includes(`${label} settle`), `${label}: settle took no effect`);
  assert.ok(effects.includes(`${label} reserve`), `${label}: reserve took effect`);
  assert.ok(effects.includes(undoLabel(`${label} reserve`)), `${label}: reserve was undone`);
  assert.deepEqual(notesOf(label, notes), ["packed", "unpacked"]);
  const done = steps.filter((step) => step !== "rest");
  assert.deepEqual(
    done,
    ["reserve", "pack", "settle declined", "undo pack", "undo reserve"],
    `steps of ${label}: what took effect is undone in reverse`,
  );
}

/** Every bill that was asked for is one saga, at its end; what took effect of it is recorded, or undone in reverse. */
function assertBills({ bills, billed, billsAsked, effects }: Found): void {
  assertUnique(billsAsked, "bills");
  assertUnique(billed, "notes of bills");
  assert.deepEqual(bills.map(({ label }) => label).sort(), [...billsAsked].sort());
  for (const { failure, label, state, steps } of bills) {
    const undos = steps.flatMap((step) => (step.startsWith("undo ") ? step.slice(5) : []));
    const done = steps.filter((step) => ["deposit", "open"].includes(step));
    const deposit = `${label} deposit`;
    assert.ok(
      ["completed", "undone", "resolved"].includes(state),
      `the bill ${label} is ${state}: ${failure?.message}`,
    );
    assert.deepEqual(undos, state === "undone" ? done.toReversed() : [], `undos of ${label}`);
    assert.equal(effects.includes(deposit), done.includes("deposit"), deposit);
    assert.equal(effects.includes(undoLabel(deposit)), undos.includes("deposit"), deposit);
    assert.equal(billed.includes(`${label} opened`), done.includes("open"), label);
    assert.equal(billed.includes(`${label} withdrawn`), undos.includes("open"), label);
  }
}

function notesOf(label: string, notes: Found["notes"]): string[] {
  return notes.flatMap((note) => (note.label === label ? [note.what] : []));
}

function assertUnique(labels: readonly string[], what: string): void {
  const twice = labels.filter((label, index) => labels.indexOf(label) !== index);
  assert.deepEqual(twice, [], `${what} that took effect more than once`);
}
