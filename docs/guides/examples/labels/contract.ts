import { contract, query } from "kerf/contract";
import { z } from "zod";

/** Suggests a label for a text; used by other services only. */
export const labels = contract("labels", {
  version: "1.0.0",
  operations: {
    suggest: query({
      access: "service",
      input: z.object({ text: z.string() }),
      output: z.object({ label: z.string() }),
    }),
  },
});
