import assert from "node:assert/strict";
import { test } from "node:test";
import { safe } from "kerf";
import { fake, startService } from "kerf/testing";
import { rooms } from "../rooms/contract.ts";
import agendaService from "./service.ts";

// rooms is not started: a fake stands in for it, held to its contract by the types and when it answers.

const day = "2030-01-07";

test("a day shows what is booked and what is free", async () => {
  const booking = {
    id: "0192f0c1-2f3e-7abc-8def-0123456789ab",
    room: "oak",
    from: `${day}T09:00:00.000Z`,
    to: `${day}T17:00:00.000Z`,
    title: "Workshop",
  };
  await using running = await startService(agendaService, {
    uses: { rooms: fake(rooms, { bookings: { bookings: [booking] } }) },
  });
  assert.deepEqual(await running.client.day({ room: "oak", day }), {
    room: "oak",
    booked: [{ from: booking.from, to: booking.to, title: "Workshop" }],
    free: [
      { from: `${day}T08:00:00.000Z`, to: booking.from },
      { from: booking.to, to: `${day}T18:00:00.000Z` },
    ],
  });
});

test("a room that does not exist has no day", async () => {
  await using running = await startService(agendaService, {
    uses: {
      rooms: fake(rooms, {
        bookings: ({ errors }) => {
          throw errors.noRoom();
        },
      }),
    },
  });
  const { error } = await safe(running.client.day({ room: "attic", day }));
  assert.equal(error?.code, "noRoom");
});
