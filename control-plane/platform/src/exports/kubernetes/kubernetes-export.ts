import type { INamespace } from "kubernetes-models/v1";
import type { AppManifest } from "@kerf/service";
import { exportedBoot, exportedMigration, type BootLayout } from "../exported-boot.ts";
import { containerPaths, containerPorts } from "../export-options.ts";
import {
  databasesOf,
  type ExportedProgram,
  exportedProgramsOf,
  imageOf,
} from "../exported-programs.ts";
import { outboundPort } from "../../runtimes/docker/image-variables.ts";
import { accountOf, asksCluster, certificateOf, discovererRole } from "./access.ts";
import { certificateIssuer } from "./certificate-issuer.ts";
import { bootConfig } from "./boot-config.ts";
import { appLabels } from "./cluster-names.ts";
import { externalSecret, migrationJob, postgresCluster, wantedSecrets } from "./data.ts";
import { podHost } from "./image-pod.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";
import { type Manifest, manifest } from "./manifest.ts";
import { denyAll, networkPolicyOf, routeOf, serviceOf } from "./network.ts";
import { autoscalerOf, deploymentOf, disruptionBudgetOf } from "./workload.ts";

/** What is written for an app: what its programs share, and each program by itself, in the order in which they are applied. */
export interface KubernetesExport {
  readonly app: string;
  readonly namespace: string;
  readonly shared: readonly Manifest[];
  readonly programs: readonly {
    readonly program: ExportedProgram;
    readonly manifests: readonly Manifest[];
  }[];
}

/** An app as objects of Kubernetes, without anything of Kerf's platform. Holds no secret. Throws `invalid_configuration`. */
export function kubernetesExport(app: AppManifest, given: KubernetesOptions): KubernetesExport {
  // Where the app itself says where telemetry goes, that has to be reached as well.
  const options = { ...given, otlp: given.otlp ?? app.telemetry?.otlp?.endpoint };
  const programs = exportedProgramsOf(app, options);
  const layout = layoutOf(options);
  return {
    app: app.app,
    namespace: options.namespace,
    shared: sharedOf(app, programs, options),
    programs: programs.map((program) => ({
      program,
      manifests: manifestsOf(program, app, options, layout),
    })),
  };
}

/** The objects of one program. */
function manifestsOf(
  program: ExportedProgram,
  app: AppManifest,
  options: KubernetesOptions,
  layout: BootLayout,
): Manifest[] {
  const { namespace } = options;
  const place = { app: app.app, namespace };
  const boot = bootConfig(program, place, exportedBoot(program, app, options, layout), "boot");
  const migration =
    databasesOf(program).length === 0
      ? undefined
      : bootConfig(
          program,
          place,
          exportedMigration(program, app, options, layout, { admin: true }),
          "migrate",
        );
  const canary = canaryOf(program, app, options);
  return [
    ...accountOf(program, options, app.app),
    certificateOf(program, options, app.app),
    networkPolicyOf(program, options, app.app),
    migration?.manifest,
    migration && migrationJob(program, options, app.app, migration.name),
    boot.manifest,
    serviceOf(program, options, app.app),
    canary && serviceOf({ ...program, name: `${program.name}-canary` }, options, app.app),
    deploymentOf(program, options, app.app, boot.name),
    canary && deploymentOf(program, options, app.app, boot.name, canary),
    autoscalerOf(program, options, app.app),
    disruptionBudgetOf(program, options, app.app),
    routeOf(program, options, app.app),
  ].filter((one) => one !== undefined);
}

function sharedOf(
  app: AppManifest,
  programs: readonly ExportedProgram[],
  options: KubernetesOptions,
): Manifest[] {
  const { namespace: name, postgres, secrets } = options;
  const namespace: INamespace = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: {
      name,
      labels: {
        ...appLabels(app.app),
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/warn": "restricted",
      },
    },
  };
  const servers = programs.flatMap((program) =>
    databasesOf(program).map(
      (service) => program.services.find((one) => one.name === service)?.database?.server ?? "main",
    ),
  );
  return [
    manifest(namespace, [
      {
        at: ["metadata", "labels", "pod-security.kubernetes.io/enforce"],
        text: "Pods that could become more than they are, are refused; whoever applies what would make such pods is warned.",
      },
    ]),
    denyAll(options, app.app),
    ...(options.discovery === "endpointslices" ? [discovererRole(options, app.app)] : []),
    ...(secrets === "existing"
      ? []
      : wantedSecrets(app, programs, options).map((wanted) =>
          externalSecret(wanted, options, app.app, secrets.store),
        )),
    ...certificateIssuer(programs, options, app.app),
    ...(postgres === "url"
      ? []
      : [...new Set(servers)]
          .toSorted()
          .map((server) => postgresCluster(server, options, app.app))),
  ];
}

function layoutOf({ certificates, discovery, namespace }: KubernetesOptions): BootLayout {
  const { calls, health, http } = containerPorts;
  return {
    find: (unit, from) =>
      !asksCluster(from, { discovery })
        ? { dns: { host: `${unit}.${namespace}.svc.cluster.local`, port: calls } }
        : { kubernetes: { namespace, service: unit, port: "calls" } },
    address: () => `tcp:0.0.0.0:${calls}`,
    health: () => ({ host: "0.0.0.0", port: health }),
    http: () => ({ host: "0.0.0.0", port: http }),
    build: (service) => `${containerPaths.builds}/${service}`,
    beside: ({ foreign }) => ({
      program: `${podHost}:${foreign?.settings.port}`,
      outbound: { host: podHost, port: outboundPort },
    }),
    secrets: containerPaths.secrets,
    certificate: () =>
      certificates === "mesh" ? undefined : `${containerPaths.secrets}/certificate`,
  };
}

function canaryOf(
  program: ExportedProgram,
  app: AppManifest,
  options: KubernetesOptions,
): { image: string; replicas: number } | undefined {
  const tried = program.gateway && options.canary?.[program.gateway.name];
  if (tried === undefined) return undefined;
  // As many as its share of the requests needs, and one at least.
  const replicas = Math.max(1, Math.ceil(program.replicas * tried.share));
  return { image: imageOf(app.app, program.name, options, tried.tag), replicas };
}
