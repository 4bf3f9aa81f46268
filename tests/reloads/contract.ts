import { contract, query, stream } from "@kerf/contract";
import { z } from "zod";

/** What the gateway under test has of the app's own: a read for programs with a key, and a stream that goes on for as long as somebody listens. */
export const feed = contract("feed", {
  version: "1.0.0",
  operations: {
    latest: query({
      http: "GET /feed/latest",
      input: z.object({}),
      output: z.object({ subject: z.string() }),
    }),
    follow: stream({
      http: "GET /feed",
      access: "public",
      cursor: "n",
      input: z.object({}),
      output: z.object({ n: z.int() }),
    }),
  },
});
