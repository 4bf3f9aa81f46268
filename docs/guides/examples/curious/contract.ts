import { contract, query } from "kerf/contract";
import { z } from "zod";

/** Looks into keys, whoever's they are. */
export const curious = contract("curious", {
  version: "1.0.0",
  operations: {
    look: query({
      http: "GET /keys/{key}",
      access: "public",
      input: z.object({ key: z.string().max(80) }),
      output: z.object({ said: z.string() }),
    }),
  },
});
