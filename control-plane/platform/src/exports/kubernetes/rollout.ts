import { type Clock, delay, KerfError } from "@kerf/kernel";
import type { ClusterApi } from "./cluster-api.ts";
import type { KubernetesObject } from "./manifest.ts";
import { isHopeless, podsOf, troublesOf } from "./pods.ts";

/** How often the cluster is asked for a Deployment, and for its pods, milliseconds. */
const lookMs = 500;
const podsMs = 5_000;

/** How far a Deployment is, for people. */
export type RolloutListener = (state: { name: string; ready: number; wanted: number }) => void;

interface DeploymentState {
  readonly metadata: { readonly generation: number; readonly annotations?: Record<string, string> };
  readonly spec: { readonly replicas: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly conditions?: readonly {
      type: string;
      status: string;
      reason?: string;
      message?: string;
    }[];
  };
}

/** Waits until every copy of a Deployment is of its newest form and ready. Throws `start_failed` with what the cluster says when it comes to nothing within `boundMs`. */
export async function watchRollout(
  api: ClusterApi,
  deployment: KubernetesObject,
  { boundMs, clock, listener }: { boundMs: number; clock: Clock; listener?: RolloutListener },
): Promise<void> {
  const { name } = deployment.metadata;
  const begun = clock.now();
  let lookedAt = begun;
  let told = -1;
  for (;;) {
    const state = await api.read<DeploymentState>(deployment);
    if (state !== undefined && state.status?.observedGeneration === state.metadata.generation) {
      const {
        availableReplicas = 0,
        conditions = [],
        replicas = 0,
        updatedReplicas = 0,
      } = state.status;
      const wanted = state.spec.replicas;
      const ready = Math.min(updatedReplicas, availableReplicas);
      if (ready !== told) listener?.({ name, ready, wanted });
      told = ready;
      if (updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted) return;
      const stuck = conditions.find(
        ({ reason, type }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
      );
      if (stuck !== undefined)
        throw await failed(api, deployment, stuck.message ?? "Its progress deadline is over.");
      if (clock.now() - lookedAt > podsMs) {
        lookedAt = clock.now();
        if (isHopeless(await newestPods(api, deployment)))
          throw await failed(api, deployment, "Starting it again does not help.");
      }
    }
    if (clock.now() - begun > boundMs) {
      throw await failed(api, deployment, `Its copies were not ready within ${boundMs / 1_000} s.`);
    }
    await delay(clock, lookMs);
  }
}

/** What Jobs do, and what it is when they do not. */
const works = {
  migrations: { code: "migration_failed", what: "The migrations" },
  certificates: { code: "start_failed", what: "The certificates" },
} as const;

/** Waits until a Job has done its work. Throws `migration_failed`, or `start_failed` for certificates. */
export async function watchJob(
  api: ClusterApi,
  job: KubernetesObject,
  { boundMs, clock, work }: { boundMs: number; clock: Clock; work: keyof typeof works },
): Promise<void> {
  const until = clock.now() + boundMs;
  for (;;) {
    const { broken, isDone } = jobState(await api.read<JobObject>(job));
    if (isDone) return;
    if (broken !== undefined || clock.now() > until) {
      const { code, what } = works[work];
      throw new KerfError(code, {
        message: `${what} of ${job.metadata.name} did not come to their end.`,
        why: broken ?? `It took longer than ${boundMs / 1_000} s.`,
        fix: `Nothing that serves was changed. Its log: kubectl -n ${job.metadata.namespace ?? "default"} logs job/${job.metadata.name}`,
      });
    }
    await delay(clock, lookMs);
  }
}

/** A Job as the cluster has it. */
export interface JobObject extends KubernetesObject {
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; message?: string }[];
  };
}

/** Whether a Job has done its work, or why it never will. */
export function jobState(job: JobObject | undefined): { isDone: boolean; broken?: string } {
  const holds = job?.status?.conditions?.filter(({ status }) => status === "True") ?? [];
  const broken = holds.find(({ type }) => type === "Failed");
  return {
    isDone: holds.some(({ type }) => type === "Complete"),
    ...(broken === undefined ? undefined : { broken: broken.message ?? "It failed." }),
  };
}

/** One form of a Deployment's pods. */
interface ReplicaSet extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & {
    readonly ownerReferences?: readonly { kind: string; name: string }[];
  };
  readonly spec: {
    readonly template: { metadata: { labels: Record<string, string> }; spec: unknown };
  };
}

const replicaSets = { apiVersion: "apps/v1", kind: "ReplicaSet" } as const;
const revisionOf = ({ metadata }: { metadata: KubernetesObject["metadata"] }): number =>
  Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);

/** The forms that the pods of a Deployment had, the newest first. */
async function formsOf(
  api: ClusterApi,
  { metadata: { name, namespace = "default" } }: KubernetesObject,
): Promise<ReplicaSet[]> {
  const sets = await api.list<ReplicaSet>(replicaSets, namespace);
  return sets
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some((owner) => owner.kind === "Deployment" && owner.name === name),
    )
    .toSorted((a, b) => revisionOf(b) - revisionOf(a));
}

async function newestPods(api: ClusterApi, deployment: KubernetesObject) {
  const [newest] = await formsOf(api, deployment);
  const hash = newest?.metadata.labels?.["pod-template-hash"];
  return hash === undefined ? [] : podsOf(api, deployment, hash);
}

/**
 * Makes the pods of a Deployment those of the revision before. Says which; undefined when there is none. `deployment`: as it was applied, so that everything else of it
 * stays, and the next release owns every field that this one leaves.
 */
export async function rollBack(
  api: ClusterApi,
  deployment: KubernetesObject,
): Promise<number | undefined> {
  const [newest, before] = await formsOf(api, deployment);
  if (newest === undefined || before === undefined) return undefined;
  const { "pod-template-hash": _, ...labels } = before.spec.template.metadata.labels;
  const { metadata, spec } = before.spec.template;
  const { spec: applied } = deployment as KubernetesObject & { spec: object };
  await api.apply({
    ...deployment,
    spec: {
      ...applied,
      template: { metadata: { ...withoutEmpty(metadata), labels }, spec },
    },
  } as KubernetesObject);
  return revisionOf(before);
}

/** What a template says of itself; the server writes a time that nobody set. */
function withoutEmpty(metadata: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== null));
}

async function failed(
  api: ClusterApi,
  deployment: KubernetesObject,
  why: string,
): Promise<KerfError> {
  const { name, namespace = "default" } = deployment.metadata;
  // What cannot be asked is no other failure.
  const troubles = troublesOf(await newestPods(api, deployment).catch(() => []));
  return new KerfError("start_failed", {
    message: `The release of ${name} did not become ready.`,
    why: [why, ...troubles].join("\n"),
    fix: `What served before serves on. Look at its pods: kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=${name}`,
  });
}
