import { command, contract, error, query } from "kerf/contract";
import { z } from "zod";

/** A room for a while, times in UTC. */
export const Booking = z.object({
  id: z.uuid(),
  room: z.string(),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  title: z.string(),
});

/** Rooms and who has them when. */
export const rooms = contract("rooms", {
  version: "1.0.0",
  operations: {
    list: query({
      summary: "All rooms.",
      http: "GET /rooms",
      access: "public",
      input: z.object({}),
      output: z.object({ rooms: z.array(z.object({ name: z.string(), seats: z.int() })) }),
    }),
    book: command({
      summary: "Takes a room for a while, if nobody else has it then.",
      http: { route: "POST /rooms/{room}/bookings", status: 201 },
      access: "public",
      input: z
        .object({
          room: z.string().max(40),
          from: z.iso.datetime(),
          to: z.iso.datetime(),
          title: z.string().min(1).max(100),
        })
        .refine(({ from, to }) => Date.parse(from) < Date.parse(to), {
          path: ["to"],
          message: "must be after from",
        }),
      output: Booking,
      errors: {
        noRoom: error({ status: 404, message: "There is no such room." }),
        taken: error({
          status: 409,
          message: "Somebody has the room then.",
          data: z.object({ from: z.iso.datetime(), to: z.iso.datetime() }),
        }),
      },
    }),
    bookings: query({
      summary: "Who has a room on one day.",
      access: "service",
      input: z.object({ room: z.string().max(40), day: z.iso.date() }),
      output: z.object({ bookings: z.array(Booking) }),
      errors: { noRoom: error({ status: 404, message: "There is no such room." }) },
    }),
  },
});
