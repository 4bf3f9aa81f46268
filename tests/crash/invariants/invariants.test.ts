// The invariants, checked: what is wrong in the databases must not pass.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Found } from "./found.ts";
import { assertInvariants } from "./invariants.ts";

/** A payment that was applied, and an order whose saga is undone. */
const sound: Found = {
  services: ["wallet", "shop", "audit"],
  outcomes: new Map([
    ["pay rent", { answer: { paid: 1 } }],
    ["order chair", { answer: { saga: "1" } }],
  ]),
  accounts: new Map([
    ["ada", { balance: 390, paid: 2 }],
    ["escrow", { balance: 0, paid: 1 }],
    ["shop", { balance: 10, paid: 0 }],
  ]),
  effects: ["rent", "chair reserve", "chair reserve back"],
  undoneSavepoints: 0,
  events: [
    { id: "1", account: "ada", paid: 1, label: "rent" },
    { id: "2", account: "ada", paid: 2, label: "chair reserve" },
    { id: "3", account: "escrow", paid: 1, label: "chair reserve back" },
  ],
  seen: [
    { account: "ada", paid: 1, event: "1" },
    { account: "ada", paid: 2, event: "2" },
    { account: "escrow", paid: 1, event: "3" },
  ],
  parked: [],
  skipped: [],
  generation: 0,
  purchases: ["chair"],
  notes: [
    { label: "chair", what: "packed" },
    { label: "chair", what: "unpacked" },
  ],
  sagas: [
    {
      id: "1",
      state: "undone",
      label: "chair",
      failure: null,
      steps: ["reserve", "pack", "settle declined", "undo pack", "undo reserve"],
    },
  ],
  packed: ["chair"],
  ticks: [],
  ticked: [],
  bills: [],
  billsAsked: [],
  billed: [],
  entries: [],
  brokenIndexes: [],
};
const [undone] = sound.sagas;
assert.ok(undone);

test("what is as it should be passes", () => assertInvariants(sound));

const wrong: Readonly<Record<string, Partial<Found>>> = {
  "money that was made": { accounts: new Map([["ada", { balance: 500, paid: 2 }]]) },
  "an effect twice": { effects: [...sound.effects, "rent"] },
  "an answered command without its effect": { effects: sound.effects.slice(1) },
  "an effect without its event": { events: sound.events.slice(1) },
  "events of a key in another order": {
    events: sound.events.with(0, sound.events[1]!).with(1, sound.events[0]!),
  },
  "an event that was not applied": { seen: sound.seen.slice(1) },
  "an event that was applied twice": { seen: [...sound.seen, sound.seen[2]!] },
  "an event that was applied too early": {
    seen: sound.seen.with(0, sound.seen[1]!).with(1, sound.seen[0]!),
  },
  "a saga that was not started": { sagas: [] },
  "a saga that asks for an operator": { sagas: [{ ...undone, state: "stuck" }] },
  "steps that were undone in the order of doing": {
    sagas: [{ ...undone, steps: [...undone.steps.slice(0, 3), "undo reserve", "undo pack"] }],
  },
  "a local step that was not undone": { notes: sound.notes.slice(0, 1) },
  "a local step's effect without its event": { packed: [] },
  "a bill that nobody asked for": {
    bills: [{ id: "2", label: "rent", state: "completed", failure: null, steps: [] }],
  },
  "a cancelled bill whose deposit was kept": {
    billsAsked: ["rent"],
    bills: [{ id: "2", label: "rent", state: "undone", failure: null, steps: ["deposit"] }],
  },
};
for (const [what, found] of Object.entries(wrong)) {
  test(`${what} is noticed`, () =>
    assert.throws(() => assertInvariants({ ...sound, ...found }), assert.AssertionError));
}

test("an event that comes again after its consumer was told to begin anew is none too many", () => {
  const seen = [...sound.seen.slice(0, 2), ...sound.seen];
  assertInvariants({ ...sound, seen, generation: 1 });
  assert.throws(() => assertInvariants({ ...sound, seen, generation: 0 }), /without being told/);
});
