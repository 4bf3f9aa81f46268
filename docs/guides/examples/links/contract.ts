import { command, contract, error, query } from "kerf/contract";
import { z } from "zod";

const Link = z.object({ code: z.string(), url: z.string() });

/** Short names for long URLs. */
export const links = contract("links", {
  version: "1.0.0",
  operations: {
    add: command({
      http: { route: "POST /links", status: 201 },
      input: z.object({ code: z.string().min(3).max(40), url: z.url().max(2000) }),
      output: Link,
      errors: { taken: error({ status: 409, message: "Somebody else has this name." }) },
    }),
    get: query({
      http: "GET /links/{code}",
      access: "public",
      input: z.object({ code: z.string() }),
      output: Link,
      errors: { unknown: error({ status: 404, message: "There is no such link." }) },
    }),
  },
});
