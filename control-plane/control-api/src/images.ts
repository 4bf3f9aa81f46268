import { command, query } from "@kerf/contract";
import * as z from "zod";
import { failures as errors } from "./failures.ts";

/** A name beside those of services: of paths, containers and logs. */
const name = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** An image of somebody else that runs as a service, and how it stands. */
export const foreignImage = z.object({
  name,
  image: z.string(),
  /** Where the gateway has it: a path, or a domain. */
  at: z.string(),
  gateway: z.string(),
  port: z.int(),
  replicas: z.int(),
  /** Copies that take connections. */
  ready: z.int(),
  /** Whether a sidecar stands beside each copy. */
  sidecar: z.boolean(),
  /** Events that are posted to it, each `service.event`; absent without any. */
  follows: z.array(z.string()).optional(),
  /** Events that it emits, with the field of each that orders it; absent without any. */
  emits: z.record(z.string(), z.string()).optional(),
  /** What a copy may use; absent without a limit. */
  memoryBytes: z.int().optional(),
  cpus: z.number().optional(),
});
export type ForeignImageStatus = z.infer<typeof foreignImage>;

/** Names of variables that hold what nobody else may read. */
const secretNames =
  /(?:^|_)(?:PASS(?:WORD|WD|PHRASE)?|SECRET|TOKEN|CREDENTIALS?|(?:API|PRIVATE|ACCESS)_?KEY)$/i;

/** Whether a variable is called as what belongs into a file: who may inspect a container reads its variables. */
export function isSecretName(variable: string): boolean {
  return secretNames.test(variable);
}

/** What is asked for when an image of somebody else is to run. */
export const imageOrder = z.object({
  name,
  image: z.string().max(512),
  /** Variables of its processes. Everybody who may inspect containers sees them. */
  variables: z.record(z.string().regex(/^\w{1,128}$/), z.string().max(32_768)),
  /** Files below /run/secrets in its containers, by name; kept encrypted. */
  secrets: z
    .record(z.string().regex(/^[A-Za-z0-9][\w.-]{0,127}$/), z.string().max(65_536))
    .optional(),
  /** Where it listens. */
  port: z.int().min(1).max(65_535),
  replicas: z.int().min(1).max(100),
  /** The host that requests are for; without it, they come below /NAME. */
  domain: z.string().max(253).optional(),
  /** Which gateway has it; the first one without it. */
  gateway: z.string().optional(),
  /** Memory that a copy may use, bytes. */
  memoryBytes: z.int().min(6_291_456).optional(),
  /** A sidecar beside each copy: mutual TLS from the gateway, spans, calls to the services and images that are named, and events. */
  sidecar: z
    .object({
      uses: z.array(name).max(100),
      /** Events that are posted to the program: `service.event`. */
      follows: z
        .array(z.string().regex(/^[a-z][a-z0-9-]{0,39}\.[A-Za-z][A-Za-z0-9]{0,63}$/))
        .max(100)
        .optional(),
      /** Events that it emits, with the field of each that orders it. */
      emits: z
        .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,63}$/), z.string().regex(/^\w{1,64}$/))
        .optional(),
      allow: z.array(z.string().regex(/^[a-z0-9.-]{1,253}(?::\d{1,5})?$/i)).max(100),
    })
    .optional(),
  /** Processors that a copy may use. */
  cpus: z.number().min(0.01).max(1_024).optional(),
});

/** Operations on images of somebody else. */
export const imageOperations = {
  images: query({
    http: "GET /api/images",
    output: z.object({ images: z.array(foreignImage) }),
    input: z.object({}),
    summary: "The images of others that run as services.",
  }),
  deployImage: command({
    http: "POST /api/images/{name}",
    input: imageOrder,
    errors,
    output: foreignImage,
    deadlineMs: 600_000,
    summary: "Runs an image of somebody else as a service, or another release of it.",
  }),
  scaleImage: command({
    http: "POST /api/images/{name}/scale",
    input: z.object({ name, replicas: z.int().min(1).max(100) }),
    errors,
    output: foreignImage,
    deadlineMs: 600_000,
    summary: "Gives an image that runs as a service another number of copies.",
  }),
  removeImage: command({
    http: "DELETE /api/images/{name}",
    input: z.object({ name }),
    errors,
    output: z.object({ removed: z.boolean() }),
    deadlineMs: 120_000,
    summary: "Ends an image that runs as a service.",
  }),
};
