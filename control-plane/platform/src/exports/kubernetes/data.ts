import type { IJob } from "kubernetes-models/batch/v1";
import type { ICluster } from "@kubernetes-models/cloudnative-pg/postgresql.cnpg.io/v1";
import type { IExternalSecret } from "@kubernetes-models/external-secrets/external-secrets.io/v1";
import type { AppManifest } from "@kerf/service";
import { databasesOf, type ExportedProgram, filesOf, inRedisOf } from "../exported-programs.ts";
import {
  appLabels,
  clusterNames,
  fileKey,
  labelsOf,
  managedBy,
  secretKeys,
  selectorOf,
} from "./cluster-names.ts";
import { readsBrokerSecret } from "../wanted-secrets.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, manifest } from "./manifest.ts";
import { podOf } from "./pod.ts";

/** Longest run of migrations, seconds. */
const migrationSeconds = 900;

/** The run that brings the databases of a unit to where a release needs them. Named by its document and image: another release is another run. */
export function migrationJob(
  program: ExportedProgram,
  options: KubernetesOptions,
  app: string,
  boot: string,
): Manifest {
  const migrating = { name: `${program.name}-migrate` };
  const image = program.foreign?.sidecar ?? program.image;
  const tag = image.slice(image.lastIndexOf(":") + 1).toLowerCase();
  const name = `${boot}-${tag.replaceAll(/[^a-z0-9-]/g, "-").slice(0, 12)}`.replace(/-+$/, "");
  const job: IJob = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, namespace: options.namespace, labels: labelsOf(program, app) },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: migrationSeconds,
      ttlSecondsAfterFinished: 86_400,
      template: {
        // Another name than its program's: no Service sends it calls.
        metadata: {
          labels: {
            ...selectorOf(migrating, app),
            "app.kubernetes.io/component": "migration",
            ...managedBy,
          },
        },
        spec: podOf(program, options, app, { kind: "migrate", boot }),
      },
    },
  };
  return manifest(job, [
    {
      at: ["spec", "template", "spec"],
      text: "The program of the release itself, with the owner's URLs, which nothing that serves is given. It only adds: what would hurt the release that still runs is refused.",
    },
  ]);
}

/** A cluster of CloudNativePG in the place of a server. */
export function postgresCluster(
  server: string,
  { namespace }: KubernetesOptions,
  app: string,
): Manifest {
  const cluster: ICluster = {
    apiVersion: "postgresql.cnpg.io/v1",
    kind: "Cluster",
    metadata: { name: `postgres-${server}`, namespace, labels: appLabels(app) },
    spec: {
      instances: 3,
      imageName: "ghcr.io/cloudnative-pg/postgresql:18.0",
      storage: { size: "10Gi" },
      enableSuperuserAccess: true,
      superuserSecret: { name: clusterNames.superuser(server) },
      resources: {
        requests: { cpu: "500m", memory: "512Mi" },
        limits: { cpu: "2", memory: "1Gi" },
      },
    },
  };
  return manifest(cluster, [
    {
      at: ["spec", "enableSuperuserAccess"],
      text: "Migrations make a database and two roles for each service with it; nothing that serves has it.",
    },
  ]);
}

/** A Secret that somebody has to fill, with its keys. */
export interface WantedSecret {
  readonly name: string;
  readonly keys: readonly string[];
}

/** Every Secret that the programs of an app need and an export does not hold, sorted by name. */
export function wantedSecrets(
  manifestOfApp: AppManifest,
  programs: readonly ExportedProgram[],
  options: Pick<KubernetesOptions, "broker" | "brokerSecret" | "postgres">,
): WantedSecret[] {
  const issues = manifestOfApp.services.some(({ issuer }) => issuer);
  const secrets: WantedSecret[] = [
    {
      name: clusterNames.keys,
      keys: [
        "principal.json",
        "principal-set.json",
        "issuer-set.json",
        ...(issues ? ["issuer.json"] : []),
      ].toSorted(),
    },
  ];
  if (programs.some((program) => readsBrokerSecret(program, options)))
    secrets.push({ name: clusterNames.broker, keys: [secretKeys.broker] });
  const servers = new Set<string>();
  for (const program of programs) {
    for (const service of databasesOf(program))
      secrets.push({
        name: clusterNames.database(service),
        keys: [secretKeys.app, secretKeys.owner],
      });
    for (const service of inRedisOf(program))
      secrets.push({ name: clusterNames.redis(service), keys: [secretKeys.redis] });
    for (const { database, name, secrets: own = [] } of program.gateway === undefined
      ? program.services
      : []) {
      if (database !== undefined) servers.add(database.server);
      if (own.length > 0)
        secrets.push({
          name: clusterNames.settings(name),
          keys: own.map((each) => each.name).toSorted(),
        });
    }
    const ownSecrets = program.foreign?.settings.secrets ?? [];
    if (ownSecrets.length > 0)
      secrets.push({ name: clusterNames.settings(program.name), keys: ownSecrets.toSorted() });
    const files = filesOf(program);
    if (files.length > 0)
      secrets.push({ name: clusterNames.files(program.name), keys: files.map(fileKey).toSorted() });
  }
  for (const server of servers) {
    secrets.push({ name: clusterNames.server(server), keys: [secretKeys.admin] });
    if (options.postgres === "cloudnative-pg")
      secrets.push({ name: clusterNames.superuser(server), keys: ["password", "username"] });
  }
  return secrets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The same, taken from a store by External Secrets: `APP/SECRET` with its keys as properties. */
export function externalSecret(
  { keys, name }: WantedSecret,
  { namespace }: KubernetesOptions,
  app: string,
  store: string,
): Manifest {
  const secret: IExternalSecret = {
    apiVersion: "external-secrets.io/v1",
    kind: "ExternalSecret",
    metadata: { name, namespace, labels: appLabels(app) },
    spec: {
      refreshInterval: "1h0m0s",
      secretStoreRef: { kind: "ClusterSecretStore", name: store },
      target: { name, creationPolicy: "Owner" },
      data: keys.map((key) => ({
        secretKey: key,
        remoteRef: { key: `${app}/${name}`, property: key },
      })),
    },
  };
  return manifest(secret);
}
