import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type Clock, seededRandom, systemClock } from "@kerf/kernel";
import { silentLogger } from "@kerf/telemetry";
import { bank } from "../testing/bank.ts";
import { nextAfter, scheduleDefinition, type ScheduleTimes } from "./schedule.ts";
import { planOf, Scheduler } from "./scheduler.ts";

let world: Awaited<ReturnType<typeof bank>>;
before(async () => {
  world = await bank();
});
after(() => world.stop());
beforeEach(async () => {
  await world.run("delete from kerf.schedule");
  await world.run("delete from note");
});

const at = (text: string): number => Date.parse(text);
const iso = (wall: number | undefined): string | undefined =>
  wall === undefined ? undefined : new Date(wall).toISOString();

/** A clock whose wall stands where a test puts it. */
function clockAt(wall: () => number): Clock {
  return Object.assign(Object.create(systemClock) as Clock, { wall });
}

function scheduler(
  wall: () => number,
  times: ScheduleTimes,
  run: (occurrence: number) => void = () => undefined,
): Scheduler {
  return new Scheduler({
    schedules: [scheduleDefinition("nightly", times)],
    database: world.database,
    async run(_, occurrence, { raw }) {
      await raw.query("insert into note (what) values ($1)", [iso(occurrence)]);
      run(occurrence);
    },
    clock: clockAt(wall),
    random: seededRandom(1),
    log: silentLogger,
  });
}

const done = async () =>
  (await world.rows<{ what: string }>("select what from note order by n")).map(({ what }) => what);

test("times are those of the zone, over changes of its clock", () => {
  const berlin = { cron: "30 2 * * *", timeZone: "Europe/Berlin" };
  assert.equal(iso(nextAfter(berlin, at("2026-06-01T12:00:00Z"))), "2026-06-02T00:30:00.000Z");
  assert.equal(iso(nextAfter(berlin, at("2026-12-01T12:00:00Z"))), "2026-12-02T01:30:00.000Z");
  // 02:30 is left out in the night of the change: it comes right after it, and once.
  const spring = nextAfter(berlin, at("2026-03-28T12:00:00Z")) as number;
  assert.equal(iso(spring), "2026-03-29T01:00:00.000Z");
  assert.equal(iso(nextAfter(berlin, spring)), "2026-03-30T00:30:00.000Z");
  // 02:30 comes twice: it is due once.
  const autumn = nextAfter(berlin, at("2026-10-24T12:00:00Z")) as number;
  assert.ok(
    ["2026-10-25T00:30:00.000Z", "2026-10-25T01:30:00.000Z"].includes(iso(autumn) as string),
  );
  assert.equal(iso(nextAfter(berlin, at("2026-10-25T01:30:00Z"))), "2026-10-26T01:30:00.000Z");
});

test("what is no schedule is refused where it is declared, saying why", () => {
  for (const [cron, timeZone, expected] of [
    ["every day", "UTC", /every day/],
    ["0 3 * * *", "Europe/Atlantis", /Atlantis/],
    ["0 0 31 2 *", "UTC", /never due/],
  ] as const)
    assert.throws(() => scheduleDefinition("nightly", { cron, timeZone }), {
      code: "invalid_app",
      message: expected,
    });
  assert.throws(() => scheduleDefinition("Nightly!", { cron: "0 3 * * *" }), /lower-case/);
});

test("what was missed is done once, all of it, or not at all", () => {
  const [due, now] = [at("2026-01-01T03:00:00Z"), at("2026-01-04T12:00:00Z")];
  const plan = (missed: "once" | "all" | "skip") => {
    const { occurrence, next } = planOf(
      scheduleDefinition("n", { cron: "0 3 * * *", missed }),
      due,
      now,
    );
    return [iso(occurrence), iso(next)];
  };
  assert.deepEqual(plan("once"), ["2026-01-04T03:00:00.000Z", "2026-01-05T03:00:00.000Z"]);
  assert.deepEqual(plan("all"), ["2026-01-01T03:00:00.000Z", "2026-01-02T03:00:00.000Z"]);
  assert.deepEqual(plan("skip"), [undefined, "2026-01-05T03:00:00.000Z"]);
});

test("every occurrence takes effect once, however many instances look", async () => {
  let now = at("2026-01-01T00:00:00Z");
  const instances = Array.from({ length: 4 }, () => scheduler(() => now, { cron: "0 3 * * *" }));
  await Promise.all(instances.map((each) => each.position()));
  for (const day of [1, 2, 3]) {
    now = at(`2026-01-0${day}T03:00:00.500Z`);
    await Promise.all(instances.map((each) => each.runDue()));
    await Promise.all(instances.map((each) => each.runDue()));
  }
  assert.deepEqual(
    await done(),
    [1, 2, 3].map((day) => `2026-01-0${day}T03:00:00.000Z`),
  );
});

test("a failure leaves nothing behind, is tried again later and later, and given up at last", async () => {
  let now = at("2026-01-01T00:00:00Z");
  let broken = true;
  const failing = scheduler(
    () => now,
    { cron: "0 3 * * *" },
    () => {
      if (broken) throw new Error("the mail server is away");
    },
  );
  await failing.position();
  now = at("2026-01-01T03:00:00Z");
  const first = await failing.runDue();
  assert.ok(first > now && first <= now + 1_000);
  assert.deepEqual(await done(), []);
  const [listed] = await failing.list();
  assert.match(String(listed?.problem), /mail server/);
  now = first;
  broken = false;
  await failing.runDue();
  assert.deepEqual(await done(), ["2026-01-01T03:00:00.000Z"]);
  broken = true;
  now = at("2026-01-02T03:00:00Z");
  for (let i = 0; i < 5; i += 1) now = await failing.runDue();
  assert.equal(iso(now), "2026-01-03T03:00:00.000Z");
  assert.equal((await failing.list())[0]?.givenUpAt?.slice(0, 10), "2026-01-02");
});

test("changed times count from now on, and a run by hand changes none of them", async () => {
  const now = at("2026-01-01T00:00:00Z");
  await scheduler(() => now, { cron: "0 3 * * *" }).position();
  const later = scheduler(() => now, { cron: "0 5 * * *" });
  await later.position();
  assert.equal(iso(await later.runDue()), "2026-01-01T05:00:00.000Z");
  assert.equal(await later.runNow("nightly"), true);
  assert.equal(await later.runNow("weekly"), false);
  assert.equal((await done()).length, 1);
  assert.equal(iso(await later.runDue()), "2026-01-01T05:00:00.000Z");
});
