import assert from "node:assert/strict";
import { test } from "node:test";
import type { Rota } from "@kerf/control-api";
import fc from "fast-check";
import { assertRota, nextTurn, turnAt } from "./rota.ts";

const people = ["ada", "grace", "edsger"].map((name) => ({ name, email: `${name}@example.org` }));
const berlin: Rota = {
  people,
  turnDays: 7,
  timeZone: "Europe/Berlin",
  handOver: "09:00",
  begins: "2026-01-05",
};
const at = (time: string): number => Date.parse(time);

test("turns follow one another at the same hour of the day, whatever the clocks do", () => {
  assert.equal(turnAt(berlin, [], at("2026-01-05T07:59:59Z")), undefined);
  assert.equal(nextTurn(berlin, [], at("2026-01-01T00:00:00Z")).person.name, "ada");
  assert.equal(turnAt(berlin, [], at("2026-01-05T08:00:00Z"))?.person.name, "ada");
  // Clocks go forward on 2026-03-29 and back on 2026-10-25: the hour stays, the offset does not.
  const spring = turnAt(berlin, [], at("2026-03-29T12:00:00Z"));
  assert.equal(spring?.from, at("2026-03-23T08:00:00Z"));
  assert.equal(spring?.until, at("2026-03-30T07:00:00Z"));
  const autumn = turnAt(berlin, [], at("2026-10-25T12:00:00Z"));
  assert.equal(autumn?.from, at("2026-10-19T07:00:00Z"));
  assert.equal(autumn?.until, at("2026-10-26T08:00:00Z"));
});

test("a hand-over at an hour that a day does not have is an hour later", () => {
  const early: Rota = { ...berlin, turnDays: 1, handOver: "02:30", begins: "2026-03-27" };
  assert.equal(turnAt(early, [], at("2026-03-29T01:29:00Z"))?.person.name, "grace");
  assert.equal(turnAt(early, [], at("2026-03-29T01:30:00Z"))?.person.name, "edsger");
});

test("at every moment exactly one person is on call, and the next one follows at once", () => {
  const zones = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"];
  const hours = fc.integer({ min: 0, max: 23 }).map((hour) => String(hour).padStart(2, "0"));
  fc.assert(
    fc.property(
      fc.constantFrom(...zones),
      hours,
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: at("2026-01-07T00:00:00Z"), max: at("2028-01-01T00:00:00Z") }),
      (timeZone, hour, turnDays, now) => {
        const rota: Rota = { ...berlin, timeZone, turnDays, handOver: `${hour}:15` };
        const turn = turnAt(rota, [], now);
        assert.ok(turn !== undefined && turn.from <= now && now < turn.until);
        const next = nextTurn(rota, [], now);
        assert.equal(next.from, turn.until);
        const place = people.indexOf(turn.person);
        assert.equal(next.person, people[(place + 1) % people.length]);
      },
    ),
    { numRuns: 50 },
  );
});

test("a swap holds for its time, and the rota goes on behind it", () => {
  const swap = {
    name: "edsger",
    from: at("2026-01-07T10:00:00Z"),
    until: at("2026-01-08T10:00:00Z"),
  };
  const before = turnAt(berlin, [swap], at("2026-01-06T00:00:00Z"));
  assert.deepEqual([before?.person.name, before?.until], ["ada", swap.from]);
  const during = turnAt(berlin, [swap], swap.from);
  assert.deepEqual([during?.person.name, during?.until], ["edsger", swap.until]);
  const next = nextTurn(berlin, [swap], swap.from);
  assert.deepEqual([next.person.name, next.until], ["ada", at("2026-01-12T08:00:00Z")]);
  // Who takes over later takes over.
  const other = { name: "grace", from: swap.from + 3_600_000, until: swap.until };
  assert.equal(turnAt(berlin, [swap, other], other.from)?.person.name, "grace");
});

test("a rota that cannot be followed is refused", () => {
  assertRota(berlin);
  for (const wrong of [
    { ...berlin, timeZone: "Europe/Atlantis" },
    { ...berlin, people: [...people, { name: "ada", email: "other@example.org" }] },
  ])
    assert.throws(() => assertRota(wrong), { code: "invalid_input" });
});
