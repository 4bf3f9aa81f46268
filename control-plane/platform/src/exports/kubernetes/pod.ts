import type { IPodSpec, IContainer } from "kubernetes-models/v1";
import { containerPaths, containerPorts, containerUser, stopSeconds } from "../export-options.ts";
import { databasesOf, type ExportedProgram, filesOf } from "../exported-programs.ts";
import { secretNames } from "../exported-boot.ts";
import { clusterNames, fileKey, secretKeys, selectorOf } from "./cluster-names.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";

/** How long a pod that is to go is still sent requests by who has not heard of it, seconds. */
const leavingSeconds = 5;
/** Longest start, seconds: migrations that run meanwhile are waited for. */
const startSeconds = 150;
/** Memory of a program where the app sets no limit, bytes, and what it asks for. */
const memory = { limit: 384 * 1_048_576, request: 160 * 1_048_576 } as const;

/** Disk of a program: two scratch folders of 64 MiB, and its log until the node rotates it (50 MiB by default). */
const disk = { limit: "256Mi", request: "64Mi" } as const;

/** Processors of a program where the app sets no limit. */
const usualCpus = 2;

/** What every pod is bound to, and each container in it. */
export const restrictedPod: NonNullable<IPodSpec["securityContext"]> = {
  runAsNonRoot: true,
  runAsUser: containerUser,
  runAsGroup: containerUser,
  fsGroup: containerUser,
  seccompProfile: { type: "RuntimeDefault" },
};
export const restrictedContainer: NonNullable<IContainer["securityContext"]> = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ["ALL"] },
};

/** What of the pod of a program depends on what it is for. */
export interface PodPurpose {
  readonly kind: "serve" | "migrate";
  /** The ConfigMap with its document. */
  readonly boot: string;
  /** Where it is that of a canary. */
  readonly image?: string | undefined;
}

/** The pod of a program: nothing of it may write but to its scratch folders, or become more than it is. */
export function podOf(
  program: ExportedProgram,
  options: KubernetesOptions,
  app: string,
  purpose: PodPurpose,
): IPodSpec {
  const isServing = purpose.kind === "serve";
  const isWatching =
    isServing && options.discovery === "endpointslices" && program.calls.length > 0;
  return {
    serviceAccountName: program.name,
    automountServiceAccountToken: isWatching,
    enableServiceLinks: false,
    ...pulledWith(options),
    ...(isServing ? { terminationGracePeriodSeconds: leavingSeconds + stopSeconds } : undefined),
    securityContext: restrictedPod,
    ...(isServing
      ? { topologySpreadConstraints: spread(program, app) }
      : { restartPolicy: "OnFailure" }),
    containers: [container(program, purpose)],
    volumes: [
      { name: "boot", configMap: { name: purpose.boot } },
      {
        name: "secrets",
        projected: { defaultMode: 0o440, sources: secretsOf(program, options, purpose) },
      },
      ...containerPaths.scratch.map((path) => ({
        name: scratchName(path),
        emptyDir: { sizeLimit: "64Mi" },
      })),
    ],
  };
}

/** With which rights a pod's image is pulled, where nodes have none of their own. */
export function pulledWith({
  pullSecret,
}: Pick<KubernetesOptions, "pullSecret">): Pick<IPodSpec, "imagePullSecrets"> {
  return pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] };
}

function container(program: ExportedProgram, { image, kind }: PodPurpose): IContainer {
  const isGateway = program.gateway !== undefined;
  const limit = program.memoryBytes ?? memory.limit;
  const millicpus = Math.round((program.cpus ?? usualCpus) * 1_000);
  return {
    name: kind === "serve" ? "program" : "migrate",
    image: image ?? program.image,
    imagePullPolicy: "IfNotPresent",
    env: [{ name: "KERF_BOOT_FILE", value: containerPaths.boot }],
    ...(kind === "serve"
      ? {
          ports: isGateway
            ? [{ name: "http", containerPort: containerPorts.http, protocol: "TCP" }]
            : [
                { name: "calls", containerPort: containerPorts.calls, protocol: "TCP" },
                { name: "health", containerPort: containerPorts.health, protocol: "TCP" },
              ],
          ...probes(program),
          lifecycle: { preStop: { sleep: { seconds: leavingSeconds } } },
        }
      : undefined),
    resources: {
      requests: {
        cpu: `${Math.min(100, millicpus)}m`,
        memory: mebibytes(Math.min(limit, memory.request)),
        "ephemeral-storage": disk.request,
      },
      limits: {
        cpu: millicpus % 1_000 === 0 ? String(millicpus / 1_000) : `${millicpus}m`,
        memory: mebibytes(limit),
        "ephemeral-storage": disk.limit,
      },
    },
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: "boot", mountPath: "/etc/kerf", readOnly: true },
      { name: "secrets", mountPath: containerPaths.secrets, readOnly: true },
      ...containerPaths.scratch.map((path) => ({ name: scratchName(path), mountPath: path })),
    ],
  };
}

function probes({
  gateway,
}: ExportedProgram): Pick<IContainer, "startupProbe" | "readinessProbe" | "livenessProbe"> {
  const port = gateway === undefined ? "health" : "http";
  const isSecure = gateway?.settings.tls !== undefined;
  const get = (path: string) => ({
    httpGet: { path, port, ...(isSecure ? { scheme: "HTTPS" as const } : undefined) },
  });
  return {
    startupProbe: {
      ...get("/health/ready"),
      periodSeconds: 1,
      timeoutSeconds: 2,
      failureThreshold: startSeconds,
    },
    readinessProbe: {
      ...get("/health/ready"),
      periodSeconds: 5,
      timeoutSeconds: 2,
      failureThreshold: 2,
    },
    livenessProbe: {
      ...get("/health/live"),
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
  };
}

function spread(
  program: ExportedProgram,
  app: string,
): NonNullable<IPodSpec["topologySpreadConstraints"]> {
  return ["topology.kubernetes.io/zone", "kubernetes.io/hostname"].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorOf(program, app) },
    matchLabelKeys: ["pod-template-hash"],
  }));
}

type Source = NonNullable<
  NonNullable<NonNullable<NonNullable<IPodSpec["volumes"]>[number]["projected"]>["sources"]>[number]
>;

function secretsOf(
  program: ExportedProgram,
  options: KubernetesOptions,
  { kind }: PodPurpose,
): Source[] {
  const secret = (name: string, items: readonly (readonly [string, string])[]): Source => ({
    secret: { name, items: items.map(([key, path]) => ({ key, path })) },
  });
  const databases = databasesOf(program);
  if (kind === "migrate") {
    const servers = [...new Set(program.services.map((one) => one.database?.server))].filter(
      (server) => server !== undefined,
    );
    return [
      ...databases.map((name) =>
        secret(clusterNames.database(name), [
          [secretKeys.app, secretNames.database(name)],
          [secretKeys.owner, secretNames.owner(name)],
        ]),
      ),
      ...servers.map((server) =>
        secret(clusterNames.server(server), [[secretKeys.admin, secretNames.admin(server)]]),
      ),
    ];
  }
  const isGateway = program.gateway !== undefined;
  const issues = program.services.some(({ issuer }) => issuer);
  const keys = [
    ...(isGateway ? [secretNames.principal, secretNames.issuerSet] : []),
    ...(issues ? [secretNames.issuer] : []),
    secretNames.principalSet,
  ];
  const files = filesOf(program);
  return [
    secret(
      clusterNames.keys,
      keys.map((path) => [path.replace("keys/", ""), path]),
    ),
    ...databases.map((name) =>
      secret(clusterNames.database(name), [[secretKeys.app, secretNames.database(name)]]),
    ),
    ...(isGateway ? [] : program.services).flatMap(({ name, secrets = [] }) =>
      secrets.length === 0
        ? []
        : [
            secret(
              clusterNames.settings(name),
              secrets.map((each) => [each.name, secretNames.setting(name, each.name)]),
            ),
          ],
    ),
    ...(files.length === 0
      ? []
      : [
          secret(
            clusterNames.files(program.name),
            files.map((name) => [fileKey(name), secretNames.file(name)]),
          ),
        ]),
    ...(options.certificates === "mesh"
      ? []
      : [
          secret(
            options.certificates === "kerf"
              ? clusterNames.identity(program.name)
              : clusterNames.certificate(program.name),
            ["tls.key", "tls.crt", "ca.crt"].map((key) => [key, `certificate/${key}`]),
          ),
        ]),
  ];
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)}Mi`;
}

function scratchName(path: string): string {
  return path === "/tmp" ? "tmp" : "run";
}
