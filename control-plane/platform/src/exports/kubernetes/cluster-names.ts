import type { ExportedProgram } from "../exported-programs.ts";

/** What objects and volumes of an export are called; where two have to agree. */
export const clusterNames = {
  /** Keys of the environment: principals and, where the app issues them, users' tokens. */
  keys: "kerf-keys",
  /** URLs of a service's roles. */
  database: (service: string): string => `${service}-database`,
  /** The administrator of a server. */
  server: (server: string): string => `postgres-${server}`,
  /** A user and password of the same, as CloudNativePG takes them. */
  superuser: (server: string): string => `postgres-${server}-superuser`,
  /** The broker's URL, with who the app is to it. */
  broker: "kerf-broker",
  /** The URL of a service's user of Redis. */
  redis: (service: string): string => `${service}-redis`,
  settings: (service: string): string => `${service}-settings`,
  files: (program: string): string => `${program}-files`,
  /** What cert-manager makes, and what Kerf does: two, since neither may overwrite what the other has made. */
  certificate: (program: string): string => `${program}-certificate`,
  identity: (program: string): string => `${program}-identity`,
  /** Who makes the latter, and the keys that it signs with. */
  issuer: "kerf-certificates",
  authority: "kerf-authority",
  discoverer: "reads-endpointslices",
} as const;

/** Keys of those Secrets. */
export const secretKeys = {
  app: "app-url",
  owner: "owner-url",
  admin: "admin-url",
  broker: "url",
  redis: "url",
} as const;

/** A name of a file as the key of a Secret. */
export function fileKey(name: string): string {
  return name.replace(/^\.\//, "").replaceAll(/[^-._a-zA-Z0-9]/g, "_");
}

/** What pods of a program are known by. Never changes: the selector of a Deployment cannot. */
export function selectorOf(
  { name }: Pick<ExportedProgram, "name">,
  app: string,
): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": app };
}

/** The label of Kerf's own objects, which a deploy may take away. */
export const managedBy = { "app.kubernetes.io/managed-by": "kerf" } as const;

/** Labels of every object of a program. */
export function labelsOf(
  program: Pick<ExportedProgram, "name" | "gateway">,
  app: string,
): Record<string, string> {
  return {
    ...selectorOf(program, app),
    "app.kubernetes.io/component": program.gateway === undefined ? "unit" : "gateway",
    ...managedBy,
  };
}

/** Labels of what all programs share. */
export function appLabels(app: string): Record<string, string> {
  return { "app.kubernetes.io/part-of": app, ...managedBy };
}
