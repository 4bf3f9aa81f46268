import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { startService } from "kerf/testing";
import roomsService from "./service.ts";

// Each test has a database of its own, cloned in milliseconds from one with all migrations.

const morning = { from: "2030-01-07T09:00:00Z", to: "2030-01-07T10:00:00Z", title: "Planning" };

test("a room that is free can be booked", async () => {
  await using running = await startService(roomsService);
  const booking = await running.client.book({ room: "oak", ...morning });
  const { bookings } = await running.client.bookings({ room: "oak", day: "2030-01-07" });
  assert.deepEqual(bookings, [booking]);
});

test("a room that somebody has cannot be booked, and nothing is kept of the attempt", async () => {
  await using running = await startService(roomsService);
  await running.client.book({ room: "oak", ...morning });

  const { error } = await safe(
    running.client.book({
      ...morning,
      room: "oak",
      from: "2030-01-07T09:30:00Z",
      to: "2030-01-07T11:00:00Z",
    }),
  );
  assert.equal(error?.code, "taken");
  assert.equal((await running.db.selectFrom("bookings").selectAll().execute()).length, 1);

  // Another room, or the hour after, is no conflict.
  await running.client.book({ room: "ash", ...morning });
  await running.client.book({
    ...morning,
    room: "oak",
    from: morning.to,
    to: "2030-01-07T11:00:00Z",
  });
});

test("of many who want the same room at once, one gets it", async () => {
  await using running = await startService(roomsService);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => safe(running.client.book({ room: "elm", ...morning }))),
  );
  assert.equal(answers.filter(({ ok }) => ok).length, 1);
});

test("a booking that ends before it begins is refused", async () => {
  await using running = await startService(roomsService);
  await assert.rejects(
    running.client.book({ ...morning, room: "oak", to: "2030-01-07T08:00:00Z" }),
    {
      code: "invalid_input",
      message: /to: must be after from/,
    },
  );
});
