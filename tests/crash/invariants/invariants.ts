import assert from "node:assert/strict";
import { undoLabel } from "../app/services.ts";
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
function assertConsumed({ events, parked, seen, services, accounts }: Found): void {
  if (!services.includes("audit")) return;
  for (const name of accounts.keys()) {
    const committed = events.filter(({ account }) => account === name).map(({ id }) => id);
    const applied = seen.filter(({ account }) => account === name).map(({ event }) => event);
    const aside = parked.filter(({ key }) => key === name).map(({ id }) => id);
    if (name === "poison") assert.deepEqual(aside, committed, "what cannot be applied is parked");
    else assert.deepEqual(applied, committed, `every event of ${name} is applied once, in order`);
    assert.equal(applied.length + aside.length, committed.length, `${name}: applied or parked`);
  }
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

function notesOf(label: string, notes: Found["notes"]): string[] {
  return notes.flatMap((note) => (note.label === label ? [note.what] : []));
}

function assertUnique(labels: readonly string[], what: string): void {
  const twice = labels.filter((label, index) => labels.indexOf(label) !== index);
  assert.deepEqual(twice, [], `${what} that took effect more than once`);
}
