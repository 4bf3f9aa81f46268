import assert from "node:assert/strict";
import { secondly, yearly } from "../app/diary.ts";
import type { Databases } from "../invariants/found.ts";
import type { Scenario } from "../scenario.ts";

/** How many occurrences of the schedule of every second are missed at the start, and are made up for. */
const missed = 3;
/** When the schedules of every year were due last before somebody was there. */
const longAgo = "2020-01-01T00:00:00.000Z";

interface Row {
  readonly name: string;
  readonly next: Date;
  readonly givenUp: Date | null;
  readonly failures: number;
}

function rowsOf(databases: Databases): Promise<Row[]> {
  return databases.rows<Row>(
    "diary",
    `select name, next_at as next, given_up_at as "givenUp", failures from kerf.schedule order by name`,
  );
}

/** Schedules of every policy, late ones among them: each occurrence that is to be done is done once, and what fails is given up. */
export const schedule: Scenario = {
  name: "schedule",
  processes: { left: ["diary"] },
  async prepare(databases) {
    await databases.rows(
      "diary",
      // What nobody declares any more stays as it is: since when every second is due.
      `insert into kerf.schedule (name, cron, time_zone, next_at, failures) values
        ('since', $1, 'UTC', date_trunc('second', now()) - $3 * interval '1 second', 0),
        ('each', $1, 'UTC', date_trunc('second', now()) - $3 * interval '1 second', 0),
        ('newest', $2, 'UTC', $4, 0), ('none', $2, 'UTC', $4, 0), ('failing', $2, 'UTC', $4, 0),
        ('doomed', $2, 'UTC', $4, 4)`,
      [secondly, yearly, missed, longAgo],
    );
  },
  async drive(client) {
    await client.operate("diary", "schedules.list");
  },
  async unrest(databases) {
    const { length } = await databases.rows("diary", "select from tick where schedule = 'each'");
    if (length < missed) return `the schedule of every second was done ${length} times`;
    const rows = await rowsOf(databases);
    const early = rows.find(
      ({ name, next, failures }) =>
        !["each", "since"].includes(name) &&
        next.toISOString() === longAgo &&
        !(name === "failing" && failures > 0),
    );
    return early && `${early.name} has not been done`;
  },
  async check({ ticks, ticked }, databases) {
    const done = (name: string) => ticks.flatMap((tick) => (tick.schedule === name ? tick.at : []));
    const rows = new Map((await rowsOf(databases)).map((row) => [row.name, row]));
    const each = done("each").map((at) => Date.parse(at) / 1_000);
    const secondsOf = (name: string) => (rows.get(name)?.next.getTime() ?? 0) / 1_000;
    const first = secondsOf("since");
    assert.deepEqual(
      each,
      Array.from({ length: each.length }, (_, index) => first + index),
      "every second is done once, in order",
    );
    assert.equal(secondsOf("each"), first + each.length, "what is due next follows what was done");
    const years = done("newest");
    assert.equal(years.length, 1, "of what was missed the newest is done once");
    assert.ok(Date.parse(years[0] ?? "") > Date.parse(longAgo), "and none of the others");
    assert.deepEqual(done("none"), [], "what is to be skipped is not done");
    assert.deepEqual(done("failing"), [], "what fails leaves nothing");
    assert.deepEqual(done("doomed"), [], "what is given up leaves nothing");
    assert.equal(rows.get("doomed")?.givenUp?.toISOString(), longAgo);
    for (const name of ["each", "newest"]) {
      assert.deepEqual(
        ticked.filter((event) => event.startsWith(`${name} `)),
        done(name).flatMap((at) => [1, 2].map((half) => `${name} ${at} ${half}`)),
        `each occurrence of ${name} has its events, in order`,
      );
    }
    assert.equal(ticked.length, 2 * ticks.length, "and nothing else has");
  },
};
