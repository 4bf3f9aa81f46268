import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { programPath } from "../../images/program-layer.ts";
import { variablesBeside } from "../../runtimes/docker/image-variables.ts";
import { containerPaths, containerPorts, drainSeconds } from "../export-options.ts";
import type { ExportedProgram, ForeignProgram } from "../exported-programs.ts";
import { sidecarOf } from "../images/with-images.ts";
import { clusterNames } from "./cluster-names.ts";
import {
  disk,
  leavingSeconds,
  mebibytes,
  memory,
  probes,
  resourcesOf,
  restrictedContainer,
  scratchMounts,
} from "./container-parts.ts";
import type { Remark } from "./manifest.ts";

/** The containers of a pod share one address; nobody else reaches this one. */
export const podHost = "127.0.0.1";
/** Memory of a sidecar, as beside images on Docker. */
const sidecarBytes = 268_435_456;
/** Where a program finds its secrets. */
const secretsPath = "/run/secrets";

/** Reasons of what is not obvious in the pod of an image. */
export const imageRemarks: readonly Remark[] = [
  {
    at: ["spec", "template", "spec", "containers", 0, "lifecycle"],
    text: `After its sidecar, which lets in nobody any more and has finished what was in flight by then: ${leavingSeconds} s and ${drainSeconds} s.`,
  },
  {
    at: ["spec", "template", "spec", "containers", 1, "command"],
    text: "In every image of Kerf; this one is released with the app.",
  },
  {
    at: ["spec", "template", "spec", "containers", 1, "startupProbe"],
    text: "Ready once the program takes connections, and the database of its events is there.",
  },
];

/** The two containers of an image: its program, and the sidecar that everything of the app goes through. */
export function imageContainers(program: ExportedProgram, foreign: ForeignProgram): IContainer[] {
  return [programContainer(program, foreign), sidecarContainer(program, foreign)];
}

/** What the program mounts beside what is the sidecar's. */
export function imageVolumes(
  program: ExportedProgram,
  { settings }: ForeignProgram,
): NonNullable<IPodSpec["volumes"]> {
  const { secrets, writable } = settings;
  return [
    ...(secrets.length === 0
      ? []
      : [
          {
            name: "program-secrets",
            secret: {
              secretName: clusterNames.settings(program.name),
              defaultMode: 0o440,
              items: secrets.map((key) => ({ key, path: key })),
            },
          },
        ]),
    ...["/tmp", ...writable].map((_, index) => ({
      name: scratchOf(index),
      emptyDir: { sizeLimit: "64Mi" },
    })),
  ];
}

function programContainer(program: ExportedProgram, { settings }: ForeignProgram): IContainer {
  const { cpus, env, memoryBytes = memory.limit, port, secrets, user, writable } = settings;
  const variables = { ...env, ...variablesBeside(program.name, podHost, sidecarOf(settings)) };
  const taken = { tcpSocket: { port: "program" } };
  return {
    name: "program",
    image: program.image,
    imagePullPolicy: "IfNotPresent",
    env: Object.entries(variables).map(([name, value]) => ({ name, value })),
    ports: [{ name: "program", containerPort: port, protocol: "TCP" }],
    startupProbe: { ...taken, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 60 },
    readinessProbe: { ...taken, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
    lifecycle: { preStop: { sleep: { seconds: leavingSeconds + drainSeconds } } },
    resources: resourcesOf({ memoryBytes, cpus }),
    securityContext: {
      ...restrictedContainer,
      ...(user === undefined ? undefined : { runAsUser: user }),
    },
    volumeMounts: [
      ...(secrets.length === 0
        ? []
        : [{ name: "program-secrets", mountPath: secretsPath, readOnly: true }]),
      ...["/tmp", ...writable].map((mountPath, index) => ({ name: scratchOf(index), mountPath })),
    ],
  };
}

function sidecarContainer(program: ExportedProgram, { sidecar }: ForeignProgram): IContainer {
  return {
    name: "sidecar",
    image: sidecar,
    imagePullPolicy: "IfNotPresent",
    command: ["node", programPath("image-sidecar")],
    env: [{ name: "KERF_BOOT_FILE", value: containerPaths.boot }],
    ports: [
      { name: "calls", containerPort: containerPorts.calls, protocol: "TCP" },
      { name: "health", containerPort: containerPorts.health, protocol: "TCP" },
    ],
    ...probes(program),
    lifecycle: { preStop: { sleep: { seconds: leavingSeconds } } },
    resources: {
      requests: { cpu: "50m", memory: "96Mi", "ephemeral-storage": disk.request },
      limits: {
        cpu: "1",
        memory: mebibytes(sidecarBytes),
        "ephemeral-storage": disk.limit,
      },
    },
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: "boot", mountPath: "/etc/kerf", readOnly: true },
      { name: "secrets", mountPath: containerPaths.secrets, readOnly: true },
      ...scratchMounts,
    ],
  };
}

function scratchOf(index: number): string {
  return `program-scratch-${index}`;
}

/** TCP ports that a program may reach through its sidecar outside of the app: of each host that is allowed its own, or those of HTTP. */
export function allowedPorts({ foreign }: ExportedProgram): number[] {
  return (foreign?.settings.allow ?? []).flatMap((host) => {
    const [, port] = /:(\d+)$/.exec(host) ?? [];
    return port === undefined ? [80, 443] : [Number(port)];
  });
}
