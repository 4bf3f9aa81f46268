import { command, query } from "@kerf/contract";
import * as z from "zod";
import { asked, changeDeadlineMs, changeReport } from "./changes.ts";
import { failures } from "./failures.ts";

const service = z.object({ service: z.string().max(64) });

const name = z.string().min(1).max(64);

/** What came of a change. */
const applied = {
  /** The version of the service's configuration or secrets that the change made. */
  version: z.int(),
  /** The instances that were started with it. */
  instances: z.array(z.string()),
  /** What the service still needs before it is started; absent when it was. */
  waitsFor: z.string().optional(),
  /** It comes into force with the next change of the service. */
  ahead: z.boolean().optional(),
  /** Where the platform runs releases: the change that brought it into force. */
  report: changeReport.optional(),
};

/** What every request for a change says; a command line of the version before says nothing of it. */
const change = {
  change: asked.change.optional(),
  /** How long the new copies are watched beside the old ones, milliseconds; 0 does without. */
  watchMs: z.int().min(0).max(300_000).default(10_000),
};

/** Whether it is for code that comes, and declared by none that runs. */
const ahead = z.boolean().default(false);

const values = z.record(z.string(), z.json());

/** A secret as it may be told; never its value. */
const secret = z.object({
  name: z.string(),
  set: z.boolean(),
  /** Whether the service declares it; what is set and no longer declared is given to nobody. */
  declared: z.boolean(),
  /** Whether a development environment does without. */
  development: z.boolean(),
  /** The version of the service's secrets that brought its value. */
  version: z.int().optional(),
  at: z.string().optional(),
  by: z.string().optional(),
  /** Whether a value waits for the next change of the service. */
  ahead: z.boolean().optional(),
});

/** The operations on configuration and secrets of services. */
export const settingsOperations = {
  getConfig: query({
    http: "GET /api/services/{service}/config",
    input: service,
    errors: failures,
    output: z.object({
      service: z.string(),
      /** 0 before anything was set. */
      version: z.int(),
      /** What is set; what is not has the default that the schema names. */
      values,
      /** JSON Schema (draft 2020-12) of what can be set. */
      schema: z.record(z.string(), z.any()),
      at: z.string().optional(),
      by: z.string().optional(),
      /** Names of what was set and waits for the next change of the service. */
      ahead: z.array(z.string()).optional(),
    }),
    summary: "The configuration of a service as it is set, and what can be set.",
  }),
  changeConfig: command({
    http: "POST /api/services/{service}/config",
    input: z.object({
      ...service.shape,
      set: values.default({}),
      unset: z.array(name).max(100).default([]),
      ahead,
      ...change,
    }),
    errors: failures,
    output: z.object({ ...applied, before: values, values }),
    deadlineMs: changeDeadlineMs,
    summary:
      "Changes the configuration of a service, whole or not at all, and starts its unit anew.",
  }),
  listSecrets: query({
    http: "GET /api/services/{service}/secrets",
    input: service,
    errors: failures,
    output: z.object({ service: z.string(), version: z.int(), secrets: z.array(secret) }),
    summary: "The secrets of a service by name, with when and by whom they were set.",
  }),
  setSecret: command({
    http: "POST /api/services/{service}/secrets/{name}",
    input: z.object({ ...service.shape, name, value: z.string(), ahead, ...change }),
    errors: failures,
    output: z.object(applied),
    deadlineMs: changeDeadlineMs,
    summary: "Sets a secret of a service, and starts its unit anew.",
  }),
  removeSecret: command({
    http: "DELETE /api/services/{service}/secrets/{name}",
    input: z.object({ ...service.shape, name, ...change }),
    errors: failures,
    output: z.object(applied),
    deadlineMs: changeDeadlineMs,
    summary: "Removes a secret of a service, and starts its unit anew if it can do without.",
  }),
  rotateMasterKey: command({
    http: "POST /api/secrets/rotate-master",
    input: z.object({}),
    errors: failures,
    output: z.object({
      /** The version of the master key from now on. */
      master: z.int(),
      /** The services whose secrets lie under it. */
      services: z.array(z.string()),
    }),
    deadlineMs: changeDeadlineMs,
    summary: "Makes a new master key, puts all secrets under it, and lets go of the one before.",
  }),
};
