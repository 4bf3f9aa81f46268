import { command, contract, event } from "kerf/contract";
import { z } from "zod";

/** Numbers that only grow: what one command did once shows in the number, what it did twice shows too. */
export const counters = contract("counters", {
  version: "1.0.0",
  operations: {
    bump: command({
      summary: "Adds one and answers the new number.",
      http: "POST /counters/{name}/bumps",
      access: "public",
      input: z.object({ name: z.string().max(32), mark: z.string().max(64) }),
      output: z.object({ name: z.string(), n: z.int() }),
    }),
  },
  events: {
    bumped: event({
      schema: z.object({ name: z.string(), n: z.int(), mark: z.string() }),
      key: "name",
    }),
  },
});
