import * as z from "zod";
import { changeKind, rolloutStep, scalingSettings } from "./changes.ts";
import { domainStatus } from "./domains.ts";
import { errorShape } from "./error-shape.ts";

/**
 * What an instance, a gateway or a database server is doing. `restarting`: its process ended and a new one is due.
 * `crashed`: it ended again and again; it is still tried, at most every 10 s.
 */
export const runState = z.enum([
  "starting",
  "ready",
  "draining",
  "restarting",
  "crashed",
  "stopped",
]);
export type RunState = z.infer<typeof runState>;

/** What a running copy measured of itself. */
export const loadStatus = z.object({
  /** Over the last 30 s; from inside of the program too. */
  callsPerSecond: z.number(),
  /** Of those, the share that failed by the program's own fault, 0 to 1. */
  failureShare: z.number(),
  /** How long 95 of 100 calls took at most, milliseconds; absent without any. */
  p95Ms: z.number().optional(),
  /** Calls from outside, and streams, as of the last report: a second ago, or 5 s without any. */
  inFlight: z.int(),
  streams: z.int(),
  /** 1 is a whole core. */
  cpuShare: z.number(),
  residentBytes: z.int(),
});
export type LoadStatus = z.infer<typeof loadStatus>;

/** What is known of a process that runs, or should. */
const processStatus = {
  /** 0 when no process of it runs. */
  pid: z.int(),
  state: runState,
  /** How often it was started again after it ended by itself. */
  restarts: z.int(),
  /** When the state began, RFC 3339. */
  since: z.string(),
  /** Why it last failed; with the last lines of its log in `data.log`. */
  lastError: errorShape.optional(),
  /** How a copy there last ended that should have run, and when, RFC 3339; stays when the next one is ready. Of units and gateways. */
  lastEnd: z.object({ at: z.string(), error: errorShape }).optional(),
  /** Absent before it has said anything; a database server never does. */
  load: loadStatus.optional(),
};

/** A running copy of a unit. */
export const instanceStatus = z.object({
  id: z.string(),
  address: z.string(),
  ...processStatus,
});
export type InstanceStatus = z.infer<typeof instanceStatus>;

/** How load decides how many copies there are. */
const scalingStatus = z.object({
  ...scalingSettings.shape,
  /** How many there are to be. */
  copies: z.int(),
  /** None runs until somebody calls it. */
  asleep: z.boolean(),
  /** Why as many, in words. */
  why: z.string(),
});

/** A unit: what is deployed, one or more services in one program. */
export const unitStatus = z.object({
  name: z.string(),
  services: z.array(z.string()),
  instances: z.array(instanceStatus),
  /** What each copy may use; absent where the app says nothing of it. */
  limits: z
    .object({
      memoryBytes: z.int().optional(),
      cpus: z.number().optional(),
      /** False where copies are processes of the machine, which take what processors are free. */
      cpusHeld: z.boolean().optional(),
    })
    .optional(),
  /** Where load decides how many copies there are. */
  scaling: scalingStatus.optional(),
});
export type UnitStatus = z.infer<typeof unitStatus>;

/** A copy of a front door. */
export const gatewayStatus = z.object({
  name: z.string(),
  /** The same for all copies of one gateway. */
  url: z.string(),
  id: z.string(),
  ...processStatus,
  /** Where load decides how many copies of the gateway there are; the same for each of them. */
  scaling: scalingStatus.optional(),
});
export type GatewayStatus = z.infer<typeof gatewayStatus>;

/** A PostgreSQL server and the services whose databases lie on it. */
export const databaseServerStatus = z.object({
  server: z.string(),
  /** False for a server by URL, which the platform does not run. */
  embedded: z.boolean(),
  /** The image that it runs, where it is a container. */
  image: z.string().optional(),
  services: z.array(z.string()),
  ...processStatus,
});
export type DatabaseServerStatus = z.infer<typeof databaseServerStatus>;

/** A service, where its database stands and which problem holds it back. */
export const serviceStatus = z.object({
  name: z.string(),
  unit: z.string(),
  owner: z.string(),
  version: z.string(),
  /** The newest migration that is applied; absent without a database. */
  migration: z.string().optional(),
  /** Why its database is not as its code needs it, such as a broken migration. */
  problem: errorShape.optional(),
});
export type ServiceStatus = z.infer<typeof serviceStatus>;

/** A change that is under way. */
export const changeStatus = z.object({
  /** The change's id. */
  id: z.string(),
  kind: changeKind,
  title: z.string(),
  by: z.string(),
  /** When it began, RFC 3339. */
  at: z.string(),
  /** What it does now, and since when, RFC 3339; absent between two steps. */
  step: rolloutStep.optional(),
  detail: z.string().optional(),
  since: z.string().optional(),
});
export type ChangeStatus = z.infer<typeof changeStatus>;

/** Everything that runs, as it is now. */
export const status = z.object({
  app: z.string(),
  environment: z.string(),
  /** `starting` until everything was ready once, `stopping` from the first request to stop. */
  phase: z.enum(["starting", "ready", "stopping"]),
  /** Absent while none is under way. */
  change: changeStatus.optional(),
  units: z.array(unitStatus),
  gateways: z.array(gatewayStatus),
  services: z.array(serviceStatus),
  databases: z.array(databaseServerStatus),
  /** The names that certificates are ordered for; absent without any. */
  domains: z.array(domainStatus).optional(),
  /** What keeps traces, logs and metrics; absent where the app does without it. */
  telemetry: z
    .object({
      /** Where it takes OTLP over HTTP. */
      endpoint: z.string(),
      /** and over gRPC. */
      grpc: z.string(),
      ...processStatus,
    })
    .optional(),
  /** What carries events, where the platform runs it as a container. */
  broker: z.object({ url: z.string(), image: z.string(), ...processStatus }).optional(),
  /** Where services keep something in Redis; absent where none does. */
  redis: z
    .object({
      /** Without who anyone is to it. */
      url: z.string(),
      /** Whether the platform runs it. */
      own: z.boolean(),
      /** The image that it runs, where it is a container. */
      image: z.string().optional(),
      /** Why it does not hold services apart; absent where it does. */
      note: z.string().optional(),
      services: z.array(z.string()),
      ...processStatus,
    })
    .optional(),
  platform: z.object({
    url: z.string(),
    pid: z.int(),
    version: z.string(),
    home: z.string(),
    /** Of the newest snapshot that was published. */
    epoch: z.int(),
    generation: z.int(),
  }),
});
export type Status = z.infer<typeof status>;
