import { command, query } from "@kerf/contract";
import * as z from "zod";
import { failures as errors } from "./failures.ts";

/** ISO 8601. */
const time = z.string();
const team = z.string().min(1).max(64);

/** Somebody of a team. */
export const person = z.object({
  name: z.string().min(1).max(64),
  /** Where alerts reach them. */
  email: z.email().max(254),
});

/** Who is on call in turn. */
export const rota = z.object({
  /** In their order; one after the other, and again from the first. */
  people: z.array(person).min(1).max(100),
  /** How long a turn lasts, days. */
  turnDays: z.int().min(1).max(366).default(7),
  /** IANA name, such as `Europe/Berlin`. */
  timeZone: z.string().max(64).default("UTC"),
  /** When it is handed over there. */
  handOver: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/)
    .default("09:00"),
  /** The day on which the first turn of the first person begins, `2026-01-05`. */
  begins: z.iso.date(),
});
export type Rota = z.infer<typeof rota>;

const turn = z.object({ name: z.string(), email: z.string(), from: time, until: time });

/** Who of a team is on call. */
export const onCallStatus = z.object({
  team: z.string(),
  /** Undefined before the first turn begins. */
  now: turn.optional(),
  next: turn,
  rota,
  /** Turns that somebody else takes over, those that are to come included. */
  swaps: z.array(z.object({ name: z.string(), from: time, until: time, by: z.string() })),
  /** The services that it owns. */
  services: z.array(z.string()),
});
export type OnCallStatus = z.infer<typeof onCallStatus>;

/** Who is on call. */
export const onCallOperations = {
  onCall: query({
    http: "GET /api/on-call",
    input: z.object({ team: team.optional() }),
    errors,
    output: z.object({
      teams: z.array(onCallStatus),
      /** Owners of services that have no rota. */
      without: z.array(z.string()),
    }),
    summary: "Who of each team is on call, until when, and who is next.",
  }),
  setRota: command({
    http: "POST /api/on-call/{team}",
    input: z.object({ team, rota }),
    errors,
    output: z.object({ team: onCallStatus }),
    summary: "Sets the rota of a team.",
  }),
  removeRota: command({
    http: "DELETE /api/on-call/{team}",
    input: z.object({ team }),
    errors,
    output: z.object({}),
    summary: "Removes the rota of a team.",
  }),
  swapOnCall: command({
    http: "POST /api/on-call/{team}/swap",
    input: z.object({
      team,
      /** Somebody of its rota. */
      to: z.string().max(64),
      /** Default: now. */
      from: z.iso.datetime({ offset: true }).optional(),
      until: z.iso.datetime({ offset: true }),
    }),
    errors,
    output: z.object({ team: onCallStatus }),
    summary: "Somebody else of the team takes over for a while.",
  }),
};
