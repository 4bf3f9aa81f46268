import { contract, query } from "kerf/contract";
import { z } from "zod";

export const letters = contract("letters", {
  version: "1.0.0",
  operations: {
    count: query({
      http: "GET /letters",
      access: "public",
      input: z.object({}),
      output: z.object({ letters: z.int() }),
    }),
  },
});
