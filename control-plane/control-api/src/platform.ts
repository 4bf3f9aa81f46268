import { command, contract, type ContractDescription, query, stream } from "@kerf/contract";
import * as z from "zod";
import { alertOperations } from "./alerts.ts";
import { auditOperations } from "./audit.ts";
import {
  asked,
  changeDeadlineMs,
  changeReport,
  gateVerdict,
  moving,
  releaseStatus,
  scalingSettings,
} from "./changes.ts";
import { dashboardOperations } from "./dashboard.ts";
import { databaseMoveOperations } from "./database-moves.ts";
import { domainOperations } from "./domains.ts";
import { imageOperations } from "./images.ts";
import { failures as errors } from "./failures.ts";
import { logLine, logsInput } from "./logs.ts";
import { onCallOperations } from "./on-call.ts";
import { progressEvent } from "./progress.ts";
import { settingsOperations } from "./settings.ts";
import { sqlInput, sqlResult } from "./sql.ts";
import { status } from "./status.ts";
import { telemetryOperations } from "./telemetry.ts";
import { tokenOperations } from "./tokens.ts";
import { unitStopOperations } from "./unit-stops.ts";
import { watchOperations } from "./watches.ts";
import { whyOperations } from "./why.ts";

const nothing = z.object({});

/** Who a call is made for, instead of the operator. */
const principal = z.object({
  subject: z.string().min(1),
  claims: z.record(z.string(), z.json()).default({}),
});

/**
 * The control API: what the CLI and the dashboard are clients of. Every operation needs the platform's bearer token
 * (`KERF_HOME/token`), or one that is narrowed to services; that is what `user` means here.
 */
export const platform = contract("platform", {
  version: "1.6.0",
  operations: {
    status: query({
      http: "GET /api/status",
      input: nothing,
      output: status,
      summary: "Everything that runs, as it is now.",
    }),
    contracts: query({
      http: "GET /api/contracts",
      input: nothing,
      output: z.object({
        contracts: z.array(z.any() as z.ZodType<ContractDescription>),
      }),
      summary: "The contracts of all services, as data.",
    }),
    manifest: query({
      http: "GET /api/manifest",
      input: nothing,
      output: z.record(z.string(), z.any()),
      summary: "What the app declares: services, owners, databases, gateways, units.",
    }),
    logs: stream({
      http: "GET /api/logs",
      input: logsInput,
      output: logLine,
      deadlineMs: 3_600_000,
      summary: "Lines of the logs of services, gateways, servers and the platform.",
    }),
    events: stream({
      http: "GET /api/events",
      input: nothing,
      output: progressEvent,
      cursor: "sequence",
      deadlineMs: 3_600_000,
      summary: "What happens, from the last few hundred events on.",
    }),
    invoke: command({
      http: "POST /api/invoke",
      input: z.object({
        service: z.string(),
        operation: z.string(),
        input: z.json().default({}),
        as: principal.optional(),
        deadlineMs: z.int().min(1).max(600_000).optional(),
      }),
      errors,
      output: z.object({ output: z.any(), traceId: z.string() }),
      deadlineMs: 600_000,
      summary: "Calls a query or a command of a service as an operator.",
    }),
    invokeStream: stream({
      http: "GET /api/invoke",
      input: z.object({
        service: z.string(),
        operation: z.string(),
        /** The input as JSON text, since a stream is opened with GET. */
        input: z.string().default("{}"),
        /** The principal as JSON text. */
        as: z.string().optional(),
        after: z.string().optional(),
      }),
      errors,
      output: z.object({ item: z.any() }),
      deadlineMs: 3_600_000,
      summary: "Opens a stream of a service as an operator.",
    }),
    operate: command({
      http: "POST /api/operate",
      input: z.object({
        service: z.string(),
        action: z.string(),
        input: z.record(z.string(), z.json()).default({}),
      }),
      errors,
      output: z.object({ output: z.any() }),
      deadlineMs: 60_000,
      summary: "Looks at or mends what a service keeps for itself: events, sagas, schedules.",
    }),
    sql: command({
      http: "POST /api/sql",
      input: sqlInput,
      errors,
      output: sqlResult,
      deadlineMs: 60_000,
      maxBodyBytes: 2_097_152,
      summary: "Runs statements in a service's database.",
    }),
    databaseTypes: query({
      http: "GET /api/databases/{service}/types",
      input: z.object({ service: z.string() }),
      errors,
      output: z.object({
        /** TypeScript source of the table types. */
        text: z.string(),
        /** Absolute path of the file that keeps them. */
        file: z.string(),
      }),
      summary: "The Kysely table types of a service's database as its migrations made it.",
    }),
    rotateDatabasePasswords: command({
      http: "POST /api/databases/{service}/rotate",
      input: z.object({ service: z.string() }),
      errors,
      output: z.object({
        /** The instances that were started with the new password. */
        instances: z.array(z.string()),
        /** What PostgreSQL, or Redis, answered to an attempt to log in with each old password, by its role. */
        refused: z.record(z.string(), z.string()),
      }),
      deadlineMs: 180_000,
      summary:
        "Exchanges the passwords of a service's database without losing a call, and proves that the old ones are refused.",
    }),
    ...databaseMoveOperations,
    ...domainOperations,
    ...imageOperations,
    restart: command({
      http: "POST /api/units/{unit}/restart",
      input: z.object({ ...asked, unit: z.string() }),
      errors,
      output: changeReport,
      deadlineMs: changeDeadlineMs,
      summary: "Starts new copies of a unit, and lets the old ones go when all are ready.",
    }),
    cut: command({
      http: "POST /api/services/{service}/cut",
      input: z.object({ ...moving, service: z.string(), from: z.string().optional() }),
      errors,
      output: changeReport,
      deadlineMs: changeDeadlineMs,
      summary: "Takes a service out of its unit, into one of its own, while everything runs.",
    }),
    join: command({
      http: "POST /api/services/{service}/join",
      input: z.object({ ...moving, service: z.string(), into: z.string() }),
      errors,
      output: changeReport,
      deadlineMs: changeDeadlineMs,
      summary: "Takes a service into another unit, while everything runs.",
    }),
    scale: command({
      http: "POST /api/units/{unit}/scale",
      input: z.object({
        ...asked,
        unit: z.string(),
        /** As many, whatever the load. */
        copies: z.int().optional(),
        /** By the load; `off`: as many as there are. */
        auto: z.union([z.literal("off"), scalingSettings]).optional(),
      }),
      errors,
      output: changeReport,
      deadlineMs: changeDeadlineMs,
      summary: "Runs another number of copies of a unit, or as many as its load asks for.",
    }),
    deploy: command({
      http: "POST /api/deploys",
      input: z.object({
        ...asked,
        /** Digests of builds that lie in the platform's folder of builds, by service. */
        builds: z.record(z.string(), z.string()),
        /** A gateway that is to expose them. */
        expose: z.string().optional(),
        /** The app as it was described, when what it says beside its services is deployed too. */
        app: z.record(z.string(), z.any()).optional(),
        /** Of the app only these gateways; without it all of it. */
        gateways: z.array(z.string()).optional(),
        /** Services that are to be no more. */
        remove: z.array(z.string()).default([]),
        /** Even though the gate speaks against it; goes on record. */
        force: z.boolean().optional(),
        /** Share of the calls that the new release gets at first. */
        canary: z.number().min(0.01).max(0.99).optional(),
        /** How long it is watched beside the old one, milliseconds; 0 does without. */
        watchMs: z.int().min(0).max(300_000).default(10_000),
      }),
      errors,
      output: changeReport,
      deadlineMs: changeDeadlineMs,
      maxBodyBytes: 8_388_608,
      summary:
        "Runs other builds of services, and another version of the app, while everything runs.",
    }),
    rollback: command({
      http: "POST /api/units/{unit}/rollback",
      input: z.object({
        ...asked,
        unit: z.string(),
        /** The one that ran before, when it is absent. */
        release: z.int().optional(),
        force: z.boolean().optional(),
      }),
      errors,
      output: changeReport,
      deadlineMs: changeDeadlineMs,
      summary: "Runs an earlier release of a unit again.",
    }),
    mayDeploy: query({
      http: "GET /api/gate/deploy",
      input: z.object({
        /** `SERVICE=DIGEST`, separated by commas. */
        builds: z.string(),
      }),
      errors,
      output: gateVerdict,
      deadlineMs: 150_000,
      summary: "Whether builds go together with everything that runs; changes nothing.",
    }),
    mayRollBack: query({
      http: "GET /api/gate/units/{unit}/rollback",
      input: z.object({ unit: z.string(), release: z.coerce.number().int().optional() }),
      errors,
      output: gateVerdict,
      deadlineMs: 150_000,
      summary: "Whether an earlier release of a unit goes together with everything that runs.",
    }),
    releases: query({
      http: "GET /api/releases",
      input: z.object({ unit: z.string().optional() }),
      errors,
      output: z.object({ releases: z.array(releaseStatus) }),
      summary: "The releases of one unit or all, the newest first.",
    }),
    attachProgram: command({
      http: "POST /api/services/{service}/program",
      input: z.object({
        service: z.string(),
        /** Chosen by the caller, the same each time that it says that it is still there. */
        holder: z.string().min(1).max(64),
        command: z.array(z.string().max(4_096)).min(1).max(256),
        /** Absolute path. */
        cwd: z.string().max(4_096),
      }),
      errors,
      output: nothing,
      deadlineMs: 120_000,
      summary:
        "Runs a program in the place of the one that an external service declares, until 10 s after this was last said.",
    }),
    detachProgram: command({
      http: "DELETE /api/services/{service}/program",
      input: z.object({ service: z.string(), holder: z.string() }),
      errors,
      output: nothing,
      deadlineMs: 120_000,
      summary: "Runs what the service declares again.",
    }),
    ...settingsOperations,
    ...auditOperations,
    ...tokenOperations,
    ...dashboardOperations,
    ...telemetryOperations,
    ...whyOperations,
    ...alertOperations,
    ...onCallOperations,
    ...unitStopOperations,
    ...watchOperations,
    stop: command({
      http: { route: "POST /api/stop", status: 202 },
      input: nothing,
      output: nothing,
      summary: "Stops everything and ends the platform.",
    }),
  },
});

/** The contract's own type, for typed clients. */
export type PlatformContract = typeof platform;
