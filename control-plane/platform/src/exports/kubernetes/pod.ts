import type { IPodSpec, IContainer } from "kubernetes-models/v1";
import { containerPaths, containerPorts, stopSeconds } from "../export-options.ts";
import { databasesOf, type ExportedProgram, filesOf, inRedisOf } from "../exported-programs.ts";
import { secretNames } from "../exported-boot.ts";
import { programPath } from "../../images/program-layer.ts";
import { readsBrokerSecret } from "../wanted-secrets.ts";
import { asksCluster } from "./access.ts";
import { clusterNames, fileKey, secretKeys, selectorOf } from "./cluster-names.ts";
import {
  leavingSeconds,
  probes,
  resourcesOf,
  restrictedContainer,
  restrictedPod,
  scratchMounts,
  scratchName,
} from "./container-parts.ts";
import { imageContainers, imageVolumes } from "./image-pod.ts";
import type { KubernetesOptions } from "./kubernetes-options.ts";

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
  const foreign = isServing ? program.foreign : undefined;
  return {
    serviceAccountName: program.name,
    automountServiceAccountToken: isServing && asksCluster(program, options),
    enableServiceLinks: false,
    ...pulledWith(options),
    ...(isServing ? { terminationGracePeriodSeconds: leavingSeconds + stopSeconds } : undefined),
    securityContext: restrictedPod,
    ...(isServing
      ? { topologySpreadConstraints: spread(program, app) }
      : { restartPolicy: "OnFailure" }),
    containers:
      foreign === undefined ? [container(program, purpose)] : imageContainers(program, foreign),
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
      ...(foreign === undefined ? [] : imageVolumes(program, foreign)),
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
  const { foreign, gateway } = program;
  const isGateway = gateway !== undefined;
  return {
    name: kind === "serve" ? "program" : "migrate",
    image: image ?? foreign?.sidecar ?? program.image,
    imagePullPolicy: "IfNotPresent",
    // Of an image of somebody else the database of its events: with an image of Kerf's.
    ...(foreign === undefined ? undefined : { command: ["node", programPath("host")] }),
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
    resources: resourcesOf(program),
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: "boot", mountPath: "/etc/kerf", readOnly: true },
      { name: "secrets", mountPath: containerPaths.secrets, readOnly: true },
      ...scratchMounts,
    ],
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
    ...inRedisOf(program).map((name) =>
      secret(clusterNames.redis(name), [[secretKeys.redis, secretNames.redis(name)]]),
    ),
    ...(readsBrokerSecret(program, options)
      ? [secret(clusterNames.broker, [[secretKeys.broker, secretNames.broker]])]
      : []),
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
