import { command, contract, query } from "kerf/contract";
import { z } from "zod";

const Level = z.object({ sku: z.string(), level: z.int() });

/** How much there is of something. */
export const stock = contract("stock", {
  version: "1.0.0",
  operations: {
    level: query({
      summary: "How much there is; needs no database.",
      http: "GET /stock/{sku}",
      access: "public",
      input: z.object({ sku: z.string().max(32) }),
      output: Level,
    }),
    take: command({
      summary: "Takes one and answers how many have been taken.",
      http: "POST /stock/{sku}/takings",
      access: "public",
      input: z.object({ sku: z.string().max(32) }),
      output: Level,
    }),
  },
});
