import { type Clock, delay, KerfError } from "@kerf/kernel";
import type { ClusterApi } from "./cluster-api.ts";
import type { KubernetesObject } from "./manifest.ts";

/** How often the cluster is asked, milliseconds. */
const lookMs = 500;

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
    readonly conditions?: readonly { type: string; status: string; reason?: string; message?: string }[];
  };
}

/** Waits until every copy of a Deployment is of its newest form and ready. Throws `start_failed` with what the cluster says when it comes to nothing within `boundMs`. */
export async function watchRollout(
  api: ClusterApi,
  deployment: KubernetesObject,
  { boundMs, clock, listener }: { boundMs: number; clock: Clock; listener?: RolloutListener },
): Promise<void> {
  const { name } = deployment.metadata;
  const until = clock.now() + boundMs;
  let told = -1;
  for (;;) {
    const state = await api.read<DeploymentState>(deployment);
    if (state !== undefined && state.status?.observedGeneration === state.metadata.generation) {
      const { availableReplicas = 0, conditions = [], replicas = 0, updatedReplicas = 0 } = state.status;
      const wanted = state.spec.replicas;
      const ready = Math.min(updatedReplicas, availableReplicas);
      if (ready !== told) listener?.({ name, ready, wanted });
      told = ready;
      if (updatedReplicas === wanted && replicas === wanted && availableReplicas === wanted) return;
      const stuck = conditions.find(
        ({ reason, type }) => type === "Progressing" && reason === "ProgressDeadlineExceeded",
      );
      if (stuck !== undefined) throw failed(name, stuck.message ?? "its progress deadline is over");
    }
    if (clock.now() > until) throw failed(name, `its copies were not ready within ${boundMs / 1_000} s`);
    await delay(clock, lookMs);
  }
}

/** Waits until a Job has done its work. Throws `migration_failed`. */
export async function watchJob(
  api: ClusterApi,
  job: KubernetesObject,
  { boundMs, clock }: { boundMs: number; clock: Clock },
): Promise<void> {
  const until = clock.now() + boundMs;
  for (;;) {
    const state = await api.read<{ status?: { conditions?: readonly { type: string; status: string; message?: string }[] } }>(job);
    const holds = state?.status?.conditions?.filter(({ status }) => status === "True") ?? [];
    if (holds.some(({ type }) => type === "Complete")) return;
    const broken = holds.find(({ type }) => type === "Failed");
    if (broken !== undefined || clock.now() > until) {
      throw new KerfError("migration_failed", {
        message: `The migrations of ${job.metadata.name} did not come to their end.`,
        why: broken?.message ?? `It took longer than ${boundMs / 1_000} s.`,
        fix: `Nothing that serves was changed. Its log: kubectl -n ${job.metadata.namespace ?? "default"} logs job/${job.metadata.name}`,
      });
    }
    await delay(clock, lookMs);
  }
}

interface ReplicaSet {
  readonly metadata: {
    readonly annotations?: Record<string, string>;
    readonly ownerReferences?: readonly { kind: string; name: string }[];
  };
  readonly spec: { readonly template: { metadata: { labels: Record<string, string> }; spec: unknown } };
}

const revisionOf = ({ metadata }: { metadata: { annotations?: Record<string, string> } }): number =>
  Number(metadata.annotations?.["deployment.kubernetes.io/revision"] ?? 0);

/** Makes the pods of a Deployment those of the revision before. Says which; undefined when there is none. */
export async function rollBack(
  api: ClusterApi,
  deployment: KubernetesObject,
): Promise<number | undefined> {
  const path = await api.pathOf(deployment);
  const state = await api.read<DeploymentState>(deployment);
  if (state === undefined) return undefined;
  const sets = await api.request<{ items: ReplicaSet[] }>(
    "GET",
    path.replace(/\/deployments\/.*$/, "/replicasets"),
  );
  const current = revisionOf(state);
  const before = sets.body.items
    .filter(({ metadata }) =>
      metadata.ownerReferences?.some(
        ({ kind, name }) => kind === "Deployment" && name === deployment.metadata.name,
      ),
    )
    .filter((set) => revisionOf(set) < current)
    .toSorted((a, b) => revisionOf(b) - revisionOf(a))[0];
  if (before === undefined) return undefined;
  const { "pod-template-hash": _, ...labels } = before.spec.template.metadata.labels;
  const template = { ...before.spec.template, metadata: { ...before.spec.template.metadata, labels } };
  const patch = [{ op: "replace", path: "/spec/template", value: template }];
  const answer = await api.request("PATCH", `${path}?fieldManager=kerf`, patch, "application/json-patch+json");
  if (answer.status >= 300) throw failed(deployment.metadata.name, `it cannot be rolled back: ${JSON.stringify(answer.body)}`);
  return revisionOf(before);
}

function failed(name: string, why: string): KerfError {
  return new KerfError("start_failed", {
    message: `The release of ${name} did not become ready.`,
    why,
    fix: `What served before serves on. Look at its pods: kubectl describe pods -l app.kubernetes.io/name=${name}`,
  });
}
