import { query } from "@kerf/contract";
import * as z from "zod";
import { auditEntry } from "./audit.ts";
import { failures as errors } from "./failures.ts";
import { logRecord, span } from "./telemetry.ts";

/**
 * What kind of thing went wrong. `declined`: an answer, not a failure. `refused`: the caller asked for what it may not have. `bug`: code threw.
 * `slow`: it was given up. `down`: nobody answered. `database`: the service's own database failed it. `failed`: none of these.
 */
export const causeKind = z.enum([
  "declined",
  "refused",
  "bug",
  "slow",
  "down",
  "database",
  "overloaded",
  "failed",
]);

/** Why something failed. */
export const explanation = z.object({
  traceId: z.string(),
  /** All of it in one sentence, for people. */
  sentence: z.string(),
  /** Whether anything failed; without it there is nothing but the sentence. */
  failed: z.boolean(),
  /** Where it began. */
  cause: z
    .object({
      kind: causeKind,
      /** Whose failure it is. */
      service: z.string(),
      /** What that was doing: `payments.authorise`. */
      doing: z.string(),
      code: z.string().optional(),
      message: z.string().optional(),
      release: z.string().optional(),
      spanId: z.string(),
    })
    .optional(),
  /** The last change of that service or its unit within a day. */
  change: auditEntry.optional(),
  /** Set when the trace was not recorded, and all of it is from what was logged. */
  fromLogs: z.literal(true).optional(),
  /** From where it shows down to where it began. */
  path: z.array(span),
  /** What was logged on that way, warnings and worse. */
  logs: z.array(logRecord),
  /** The saga that was asked for. */
  saga: z
    .object({
      service: z.string(),
      id: z.string(),
      name: z.string(),
      state: z.string(),
      failure: z.object({ code: z.string(), message: z.string() }).optional(),
    })
    .optional(),
});
export type Explanation = z.infer<typeof explanation>;

/** Asking why. */
export const whyOperations = {
  why: query({
    http: "GET /api/why",
    input: z.object({
      /** A trace's id or `traceparent`, a saga's id, what a saga was started with (such as the id of an order), or a query for traces. */
      of: z.string().min(1).max(2_000),
    }),
    errors,
    output: explanation,
    deadlineMs: 30_000,
    summary: "Why a request or a saga failed: one sentence, and what it goes by.",
  }),
};
