import * as z from "zod";
import { changeKind, rolloutStep } from "./changes.ts";
import { errorShape } from "./error-shape.ts";
import { runState, status } from "./status.ts";

const stamp = {
  /** Grows by one with each event of this platform process. */
  sequence: z.int(),
  /** RFC 3339. */
  time: z.string(),
};

/** A part of the start. `id` is stable and tells events of one step apart from another's. */
const step = z.object({
  ...stamp,
  type: z.literal("step"),
  id: z.string(),
  title: z.string(),
  state: z.enum(["started", "done", "failed"]),
  /** Milliseconds that it took; on `done` and `failed`. */
  ms: z.number().optional(),
  detail: z.string().optional(),
});

/** Everything answers; comes once. */
const ready = z.object({ ...stamp, type: z.literal("ready"), status, ms: z.number() });

/** Something is wrong that a person should know of. `fatal`: the platform ends because of it. */
const problem = z.object({
  ...stamp,
  type: z.literal("problem"),
  error: errorShape,
  /** The unit, gateway, service or server that it is about. */
  source: z.string().optional(),
  /** The last lines of its log. */
  log: z.array(z.string()).optional(),
  fatal: z.boolean().optional(),
});

/** Files changed, and what is done about it. */
const change = z.object({
  ...stamp,
  type: z.literal("change"),
  files: z.array(z.string()),
  /** The units and `gateway:NAME`s that are started again. */
  units: z.array(z.string()),
  state: z.enum(["started", "done", "failed", "ignored"]),
  ms: z.number().optional(),
});

/** A step of a change of what runs. */
const rollout = z.object({
  ...stamp,
  type: z.literal("rollout"),
  /** The change's id. */
  change: z.string(),
  kind: changeKind,
  title: z.string(),
  step: rolloutStep,
  state: z.enum(["started", "done", "failed"]),
  ms: z.number().optional(),
  detail: z.string().optional(),
});

/** An instance, gateway or database server entered another state. */
const instance = z.object({
  ...stamp,
  type: z.literal("instance"),
  /** A unit, `gateway:NAME` or `postgres:NAME`. */
  unit: z.string(),
  instance: z.string(),
  state: runState,
  pid: z.int(),
});

/** The platform ends. */
const stopping = z.object({ ...stamp, type: z.literal("stopping"), reason: z.string() });

/**
 * What the platform says while it starts and while it runs: one JSON document a line on descriptor 3 for its launcher, and
 * the items of the stream `events`.
 */
export const progressEvent = z.discriminatedUnion("type", [
  step,
  ready,
  problem,
  change,
  rollout,
  instance,
  stopping,
]);
export type ProgressEvent = z.infer<typeof progressEvent>;
