import { contract, error, query } from "kerf/contract";
import { z } from "zod";

const Span = z.object({ from: z.iso.datetime(), to: z.iso.datetime() });

/** What a day looks like. */
export const agenda = contract("agenda", {
  version: "1.0.0",
  operations: {
    day: query({
      summary: "A room's day: what is booked, and what is free between 8 and 18 o'clock.",
      http: "GET /agenda/{room}",
      access: "public",
      input: z.object({ room: z.string().max(40), day: z.iso.date() }),
      output: z.object({
        room: z.string(),
        booked: z.array(Span.extend({ title: z.string() })),
        free: z.array(Span),
      }),
      errors: { noRoom: error({ status: 404, message: "There is no such room." }) },
    }),
  },
});
