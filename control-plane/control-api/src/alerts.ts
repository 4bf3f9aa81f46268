import { command, query } from "@kerf/contract";
import * as z from "zod";
import { failures as errors } from "./failures.ts";

/** As of a service, so that it can be quoted anywhere. */
const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);
const service = z.string().max(64);
const operation = z.string().max(64);
/** ISO 8601. */
const time = z.string();
const emailAddress = z.email().max(254);

/** What is promised of an operation. */
const promised = {
  service: z.string(),
  operation: z.string(),
  /** `answered`: a share of the calls is answered. `in-time`: a share of the answers comes within some time. */
  kind: z.enum(["answered", "in-time"]),
  /** Share, such as 0.999. */
  target: z.number(),
  withinMs: z.number().optional(),
  /** The team. */
  owner: z.string(),
  runbook: z.string().optional(),
};

/** How a budget is spent over a pair of windows; 1 is what is allowed. */
const burn = z.object({
  longMs: z.number(),
  shortMs: z.number(),
  /** From which on somebody is told, in both windows. */
  threshold: z.number(),
  long: z.number(),
  short: z.number(),
});

/** An objective that is or was missed. */
export const alert = z.object({
  id: z.string(),
  ...promised,
  state: z.enum(["firing", "resolved"]),
  /** What is missed, by how much, and how long the budget lasts. */
  sentence: z.string(),
  since: time,
  resolvedAt: time.optional(),
  /** The silence that keeps it quiet now. */
  silence: z.string().optional(),
  acknowledged: z.object({ by: z.string(), at: time, note: z.string().optional() }).optional(),
  /** Whom it was told to: names of destinations. */
  told: z.array(z.string()),
  /** Up to three that failed or were slow, 32 hex digits each. */
  traces: z.array(z.string()),
  /** The last change of the service before it, in words. */
  change: z.string().optional(),
});
export type AlertStatus = z.infer<typeof alert>;

/** A silence: for as long nobody is told that objectives are missed. */
export const silence = z.object({
  id: z.string(),
  service: z.string(),
  /** Without it, all of the service's. */
  operation: z.string().optional(),
  because: z.string(),
  by: z.string(),
  from: time,
  until: time,
});
export type Silence = z.infer<typeof silence>;

/** An objective as it stands. */
export const objectiveStatus = z.object({
  ...promised,
  burns: z.array(burn),
  /** Calls within the longest window. */
  calls: z.number(),
});
export type ObjectiveStatus = z.infer<typeof objectiveStatus>;

/** Where alerts are sent, as it may be told: never an address with a secret in it. */
export const destination = z.object({
  name: z.string(),
  kind: z.enum(["webhook", "email"]),
  /** Host and port that it is sent to. */
  host: z.string(),
  /** Only what these teams own; without it, everything. */
  teams: z.array(z.string()).optional(),
  /** Of a webhook: whether what is sent is signed. */
  signed: z.boolean().optional(),
  /** Of e-mail. */
  from: z.string().optional(),
  /** Besides whoever is on call. */
  to: z.array(z.string()).optional(),
  at: time,
  by: z.string(),
  /** What became of the last thing that was sent. */
  last: z.object({ at: time, problem: z.string().optional() }).optional(),
  /** How much waits to be sent. */
  waiting: z.int(),
});
export type DestinationStatus = z.infer<typeof destination>;

/** Alerts, silences and destinations. */
export const alertOperations = {
  alerts: query({
    http: "GET /api/alerts",
    input: z.object({
      /** With those that are resolved, the newest 200. */
      all: z.boolean().default(false),
    }),
    errors,
    output: z.object({
      alerts: z.array(alert),
      silences: z.array(silence),
      /** How many objectives there are. */
      objectives: z.int(),
      /** When they were judged last. */
      judgedAt: time.optional(),
      /** Why they are not judged. */
      problem: z.string().optional(),
      /** Whether there is anybody to tell. */
      destinations: z.int(),
    }),
    summary: "Objectives that are missed now, and what is silenced.",
  }),
  alertBurn: query({
    http: "GET /api/alerts/{id}/burn",
    input: z.object({ id: z.string().max(64) }),
    errors,
    output: z.object({
      /** How often the budget was spent in the short window before each moment. */
      points: z.array(z.object({ at: z.number(), burn: z.number() })),
      threshold: z.number(),
      windowMs: z.number(),
    }),
    summary: "How fast the budget of a missed objective was spent, over time.",
  }),
  objectives: query({
    http: "GET /api/objectives",
    input: z.object({ service: service.optional() }),
    errors,
    output: z.object({ objectives: z.array(objectiveStatus) }),
    summary: "What is promised of each operation, and how fast its budget is spent.",
  }),
  acknowledgeAlert: command({
    http: "POST /api/alerts/{id}/acknowledge",
    input: z.object({ id: z.string().max(64), note: z.string().max(1_000).optional() }),
    errors,
    output: z.object({ alert }),
    summary: "Says that somebody takes care of an alert.",
  }),
  addSilence: command({
    http: "POST /api/silences",
    input: z.object({
      service,
      operation: operation.optional(),
      /** At most 30 days. */
      forMs: z
        .int()
        .min(1_000)
        .max(30 * 86_400_000),
      because: z.string().min(1).max(1_000),
    }),
    errors,
    output: z.object({ silence }),
    summary: "Keeps the alerts of a service or an operation quiet for a while.",
  }),
  endSilence: command({
    http: "DELETE /api/silences/{id}",
    input: z.object({ id: z.string().max(64) }),
    errors,
    output: z.object({ silence }),
    summary: "Ends a silence early.",
  }),
  listDestinations: query({
    http: "GET /api/alert-destinations",
    input: z.object({}),
    errors,
    output: z.object({ destinations: z.array(destination) }),
    summary: "Where alerts are sent; never secrets.",
  }),
  addDestination: command({
    http: "POST /api/alert-destinations",
    input: z.object({
      name,
      teams: z.array(z.string().min(1).max(64)).min(1).max(100).optional(),
      to: z.discriminatedUnion("kind", [
        z.object({
          kind: z.literal("webhook"),
          url: z.string().max(4_096),
          /** What bodies are signed with, by HMAC-SHA256. */
          secret: z.string().min(16).max(1_024).optional(),
        }),
        z.object({
          kind: z.literal("email"),
          /** `smtps://user:password@host:465`, or `smtp://…` with STARTTLS. */
          url: z.string().max(4_096),
          from: emailAddress,
          /** Besides whoever is on call. */
          to: z.array(emailAddress).max(50).default([]),
          /** Certificates of authorities to trust, PEM. */
          ca: z.string().max(65_536).optional(),
        }),
      ]),
    }),
    errors,
    output: z.object({ destination }),
    summary: "Adds a webhook or an e-mail server that alerts are sent to.",
  }),
  removeDestination: command({
    http: "DELETE /api/alert-destinations/{name}",
    input: z.object({ name: z.string().max(64) }),
    errors,
    output: z.object({}),
    summary: "Removes a destination, with its secrets and what waits for it.",
  }),
  testDestination: command({
    http: "POST /api/alert-destinations/{name}/test",
    input: z.object({ name: z.string().max(64) }),
    errors,
    output: z.object({
      /** How long it took, milliseconds. */
      ms: z.number(),
    }),
    deadlineMs: 30_000,
    summary: "Sends a test to a destination, once, and says what came of it.",
  }),
};
