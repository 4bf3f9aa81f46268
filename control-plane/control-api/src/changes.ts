import * as z from "zod";

/**
 * The parts of a change, in their order; `undo` in the place of `shift` and `drain` when it failed before it was committed. `measure` is no
 * part of what is done: it looks at what calls take afterwards.
 */
export const rolloutStep = z.enum([
  "gate",
  "migrate",
  "start",
  "warm",
  "watch",
  "shift",
  "drain",
  "measure",
  "undo",
  // Of a database that is moved.
  "prepare",
  "copy",
  "prove",
  "leave",
]);
export type RolloutStep = z.infer<typeof rolloutStep>;

/** Every kind of change. */
export const changeKind = z.enum([
  "cut",
  "join",
  "scale",
  "restart",
  "deploy",
  "rollback",
  "configure",
  "move",
]);
export type ChangeKind = z.infer<typeof changeKind>;

/**
 * How long an answer to a request for a change is waited for, milliseconds. Its parts have bounds of their own, which together come to more than ten minutes:
 * 300 s for each wave of copies, twice 300 s of watching, 300 s for the old ones.
 */
export const changeDeadlineMs = 3_600_000;

/** What every request for a change says. */
export const asked = {
  /** By which the change is known; chosen by who asks, so that its steps can be followed. */
  change: z.string().regex(/^[a-z0-9-]{4,40}$/),
  /** How long a new copy may take until it is ready, and an old one until it has finished, milliseconds; each 30 s when it is absent. */
  readyMs: z.int().min(1_000).max(300_000).optional(),
  drainMs: z.int().min(1_000).max(300_000).optional(),
};

/** Within which bounds the platform decides how many copies of a unit there are, and what each is to carry. */
export const scalingSettings = z.object({
  /** 0 lets it sleep. */
  min: z.int().min(0).max(100),
  max: z.int().min(1).max(100),
  /** For each copy. What is absent is not looked at. */
  target: z.object({
    /** Calls in flight. */
    inFlight: z.number().positive().optional(),
    /** 1 is a whole core. */
    cpuShare: z.number().positive().max(1).optional(),
    /** Events that wait. */
    lag: z.number().positive().optional(),
  }),
  /** With `min` 0: after how long without anything to do the last copy goes, milliseconds. */
  idleMs: z.int().min(1_000).max(86_400_000).optional(),
});

/** What a request says that moves a service. */
export const moving = {
  ...asked,
  /** For how long calls are measured afterwards, milliseconds; 0 does without. */
  watchMs: z.int().min(0).max(300_000).default(0),
};

/** Something that speaks for or against a change. */
export const gateFinding = z.object({
  /** `unknown`: nobody here can say, which counts as against it. `compatible`: a note. */
  verdict: z.enum(["compatible", "incompatible", "unknown"]),
  about: z.enum(["contract", "migration", "saga", "service", "settings"]),
  /** The service that changes. */
  service: z.string(),
  /** Who is affected. */
  consumer: z.string().optional(),
  /** `inventory.reserve`. */
  operation: z.string().optional(),
  /** Which field of it, which column of which table. */
  path: z.string().optional(),
  /** In one line, for people. */
  message: z.string(),
  /** True where the change cannot be made, whoever forces it. */
  final: z.literal(true).optional(),
});
export type GateFinding = z.infer<typeof gateFinding>;

/** What the gate says of a change. */
export const gateVerdict = z.object({
  verdict: z.enum(["go", "no-go"]),
  findings: z.array(gateFinding),
});
export type GateVerdict = z.infer<typeof gateVerdict>;

/** A release of a unit. */
export const releaseStatus = z.object({
  unit: z.string(),
  number: z.int(),
  /** Digests by service. */
  builds: z.record(z.string(), z.string()),
  /** Versions of the contracts by service. */
  versions: z.record(z.string(), z.string()),
  /** Versions of the configuration and the secrets, of the services that have any. */
  settings: z.record(z.string(), z.object({ config: z.int(), secrets: z.int() })).optional(),
  /** By service, the names of settings and secrets that are other than in the release before; never values. */
  set: z.record(z.string(), z.array(z.string())).optional(),
  /** Whether it is the one that is to run. */
  running: z.boolean(),
  /** Whether a rollback that names none goes to it. */
  back: z.boolean().optional(),
  /** The step at which the change failed that it was made for, `interrupted` when the platform ended in its middle; absent of one that has served. */
  failed: z.string().optional(),
  /** Why it failed, in a sentence; of releases that failed before this was kept, absent. */
  failure: z.string().optional(),
  /** RFC 3339. */
  at: z.string(),
  by: z.string(),
  why: z.string(),
});
export type ReleaseStatus = z.infer<typeof releaseStatus>;

/** A unit as it was or is to be. */
const placedUnit = z.object({
  services: z.array(z.string()),
  copies: z.int(),
  /** Where the platform runs releases. */
  release: z.int().optional(),
});

/** What the calls of one operation took, over some time. */
const measuredCalls = z.object({
  calls: z.int(),
  /** By the fault of who served them. */
  failed: z.int(),
  /** Half of the calls took at most this long, milliseconds; absent where too few were measured to say. */
  p50Ms: z.number().optional(),
  /** And 19 of 20 at most this long. */
  p95Ms: z.number().optional(),
});
export type MeasuredCalls = z.infer<typeof measuredCalls>;

/** What a move did to the calls of one operation: of the service that moved, or of one that calls it. */
export const operationLatency = z.object({
  /** `inventory.reserve`. */
  operation: z.string(),
  /** Who measured: the service itself, or `gateway:web`, as clients there see it. */
  measuredBy: z.string(),
  before: measuredCalls,
  after: measuredCalls,
});
export type OperationLatency = z.infer<typeof operationLatency>;

/** What a change cost or saved. */
export const changeReport = z.object({
  id: z.string(),
  kind: changeKind,
  title: z.string(),
  ms: z.number(),
  /** The units that it touched; one that is new has no `before`, one that is no more no `after`. */
  units: z.record(
    z.string(),
    z.object({ before: placedUnit.optional(), after: placedUnit.optional() }),
  ),
  processes: z.object({ before: z.int(), after: z.int() }),
  /** Resident memory of all units and gateways. */
  memoryBytes: z.object({ before: z.int(), after: z.int() }),
  /** Old copies that had not finished in their time and were ended by force. */
  forced: z.array(z.object({ unit: z.string(), instance: z.string() })).optional(),
  /** What whoever asked for it may not expect, each in a sentence. */
  notes: z.array(z.string()).optional(),
  /** What the gate had to say; with `force` also what spoke against it. */
  findings: z.array(gateFinding),
  /** `orders → inventory`: calls that stayed in one program before. */
  nowOverNetwork: z.array(z.string()),
  /** Calls that went over the network before. */
  nowInProcess: z.array(z.string()),
  /** What calls took before and afterwards, the most called first; where it was asked for. */
  latency: z
    .object({
      /** Over how long, seconds. */
      seconds: z.object({ before: z.number(), after: z.number() }),
      /** From how many measured calls on percentiles are given. */
      leastCalls: z.int(),
      operations: z.array(operationLatency).max(50),
    })
    .optional(),
});
export type ChangeReport = z.infer<typeof changeReport>;
