import { query } from "@kerf/contract";
import * as z from "zod";
import { failures } from "./failures.ts";

/** One change, as it is kept. Never a secret value. */
export const auditEntry = z.object({
  /** When it had come to its end, ISO 8601. */
  at: z.string(),
  /** The operating-system user that the client claimed to be for, or `platform`. */
  by: z.string(),
  /** The token that was used, where it is one that is narrowed to services. */
  token: z.string().optional(),
  /** The operation of the control API: `changeConfig`, `restart`, `operate` … */
  action: z.string(),
  service: z.string().optional(),
  unit: z.string().optional(),
  /** What was asked for, beside service and unit. */
  asked: z.record(z.string(), z.json()).optional(),
  before: z.json().optional(),
  after: z.json().optional(),
  /** `done`, or the code of the error. */
  result: z.string(),
  /** Why it failed; of what the platform did by itself why it did, unless it failed to; of what was made by force what spoke against it. */
  why: z.string().optional(),
});
export type AuditEntry = z.infer<typeof auditEntry>;

/** Reading what was changed. */
export const auditOperations = {
  audit: query({
    http: "GET /api/audit",
    input: z.object({
      /** Only what is as new as this, ISO 8601. */
      since: z.iso.datetime().optional(),
      service: z.string().max(64).optional(),
      /** The newest of them. */
      limit: z.coerce.number().int().min(1).max(10_000).default(100),
    }),
    errors: failures,
    output: z.object({ entries: z.array(auditEntry) }),
    summary: "What was changed, by whom, from what to what; the oldest first.",
  }),
};
