import { command, contract, error, event, query, sensitive } from "kerf/contract";
import { z } from "zod";

const Secret = sensitive(z.string().max(200));

/** What goes wrong with it. */
export const mishaps = [
  "nothing",
  "thrown",
  "taken",
  "declared",
  "undeclared",
  "answer",
  "saga",
  "event",
] as const;

export const people = contract("people", {
  version: "1.0.0",
  operations: {
    keep: command({
      http: "POST /people",
      access: "public",
      input: z.object({
        id: z.string(),
        secret: Secret,
        mishap: z.enum(mishaps),
        // What libraries say of it quotes it.
        strict: z
          .string()
          .refine((text) => text === "", { error: ({ input }) => `${String(input)} is not empty` })
          .meta({ "x-kerf-sensitive": true })
          .optional(),
      }),
      output: z.object({ id: z.string(), secret: Secret.optional() }),
      errors: { refused: error({ status: 409, data: z.object({ secret: Secret }) }) },
    }),
    /** Asks a foreign program. */
    ask: query({
      http: "GET /people/{id}/asked",
      access: "public",
      input: z.object({ id: z.string(), url: z.string(), secret: Secret }),
      output: z.object({ traceparent: z.string() }),
    }),
  },
  events: {
    kept: event({
      schema: z.object({ id: z.string(), secret: Secret, mishap: z.enum(mishaps) }),
      key: "id",
    }),
  },
});
