import { command, query } from "@kerf/contract";
import * as z from "zod";
import { failures } from "./failures.ts";

/** As of a service, so that it can be quoted anywhere. */
const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** A token as it may be told; never the token itself. */
const token = z.object({
  name: z.string(),
  /** The services that its holder may change. */
  services: z.array(z.string()),
  /** ISO 8601. */
  at: z.string(),
  by: z.string(),
  expires: z.string().optional(),
});
export type TokenStatus = z.infer<typeof token>;

/** The operations on tokens that are narrowed to services; only the operator's own token may use them. */
export const tokenOperations = {
  addToken: command({
    http: "POST /api/tokens",
    input: z.object({
      name,
      services: z.array(z.string().max(64)).min(1).max(100),
      expires: z.iso.datetime().optional(),
    }),
    errors: failures,
    output: z.object({
      /** This once: only its hash is kept. */
      token: z.string(),
    }),
    summary: "Makes a token whose holder may change some services and read everything.",
  }),
  listTokens: query({
    http: "GET /api/tokens",
    input: z.object({}),
    errors: failures,
    output: z.object({ tokens: z.array(token) }),
    summary: "The tokens that are narrowed to services; never their values.",
  }),
  removeToken: command({
    http: "DELETE /api/tokens/{name}",
    input: z.object({ name: z.string().max(64) }),
    errors: failures,
    output: z.object({}),
    summary: "Makes a token worthless from the next request on.",
  }),
};
