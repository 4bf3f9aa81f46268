// What containers of pods have in common.
import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import { containerPaths, containerUser } from "../export-options.ts";
import type { ExportedProgram } from "../exported-programs.ts";

/** How long a pod that is to go is still sent requests by who has not heard of it, seconds. */
export const leavingSeconds = 5;
/** Longest start, seconds: migrations that run meanwhile are waited for. */
const startSeconds = 150;
/** Memory of a program where the app sets no limit, bytes, and what it asks for. */
export const memory = { limit: 384 * 1_048_576, request: 160 * 1_048_576 } as const;

/** Disk of a program: two scratch folders of 64 MiB, and its log until the node rotates it (50 MiB by default). */
export const disk = { limit: "256Mi", request: "64Mi" } as const;

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

/** What a container asks for, and what it gets at most. */
export function resourcesOf({
  cpus = usualCpus,
  memoryBytes = memory.limit,
}: Pick<ExportedProgram, "cpus" | "memoryBytes">): NonNullable<IContainer["resources"]> {
  const millicpus = Math.round(cpus * 1_000);
  return {
    requests: {
      cpu: `${Math.min(100, millicpus)}m`,
      memory: mebibytes(Math.min(memoryBytes, memory.request)),
      "ephemeral-storage": disk.request,
    },
    limits: {
      cpu: millicpus % 1_000 === 0 ? String(millicpus / 1_000) : `${millicpus}m`,
      memory: mebibytes(memoryBytes),
      "ephemeral-storage": disk.limit,
    },
  };
}

/** What tells the kubelet how a program of Kerf's is. */
export function probes({
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

/** As manifests write an amount of memory. */
export function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)}Mi`;
}

/** Where a program of Kerf's writes. */
export const scratchMounts: NonNullable<IContainer["volumeMounts"]> = containerPaths.scratch.map(
  (path) => ({ name: scratchName(path), mountPath: path }),
);

/** What a scratch folder is called as a volume. */
export function scratchName(path: string): string {
  return path === "/tmp" ? "tmp" : "run";
}
