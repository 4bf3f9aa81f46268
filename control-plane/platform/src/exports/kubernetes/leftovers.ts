import { type Clock, delay } from "@kerf/kernel";
import type { ClusterApi } from "./cluster-api.ts";
import { appLabels } from "./cluster-names.ts";
import type { KubernetesExport } from "./kubernetes-export.ts";
import type { KubernetesObject } from "./manifest.ts";
import { podsOf } from "./pods.ts";
import { type JobObject, jobState } from "./rollout.ts";

/** How long pods that go are waited for, milliseconds: their grace and some more; and how often they are looked for. */
const goneMs = 60_000;
const lookMs = 500;

/**
 * What a deploy may take away, in this order: what sends requests and starts pods, the pods themselves, and then what they needed to finish. Never what holds data or
 * secrets: a Cluster of PostgreSQL, a Secret, what makes one; nor a Namespace.
 */
const first = [
  { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute" },
  { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler" },
  { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject" },
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "batch/v1", kind: "CronJob" },
  { apiVersion: "batch/v1", kind: "Job" },
] as const;
const then = [
  { apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
  { apiVersion: "v1", kind: "Service" },
  { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
  { apiVersion: "cert-manager.io/v1", kind: "Certificate" },
  { apiVersion: "v1", kind: "ConfigMap" },
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding" },
  { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role" },
  { apiVersion: "v1", kind: "ServiceAccount" },
] as const;

interface Live extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & {
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
    readonly managedFields?: readonly { manager?: string; operation?: string }[];
  };
}

/**
 * Objects that deploys of this app made and that it no longer has: programs that are gone, canaries that were ended, migrations that were done, boot documents that no
 * pod can go back to any more. In the order in which they are taken away.
 */
export async function leftovers(
  api: ClusterApi,
  { app, namespace, programs, shared }: KubernetesExport,
): Promise<readonly KubernetesObject[]> {
  const manifests = [...shared, ...programs.flatMap((each) => each.manifests)];
  const wanted = new Set(manifests.map(({ object }) => nameOf(object)));
  const found: KubernetesObject[] = [];
  for (const kind of [...first, ...then]) {
    for (const object of await api.list<Live>(kind, namespace, appLabels(app))) {
      if (wanted.has(nameOf(object)) || !isOurs(object)) continue;
      if (kind.kind === "Job" && isAtWork(object as JobObject)) continue;
      found.push({ ...kind, metadata: { name: object.metadata.name, namespace } });
    }
  }
  const needed = await documentsInUse(api, namespace, new Set(found.map(nameOf)));
  return found.filter(({ kind, metadata }) => kind !== "ConfigMap" || !needed.has(metadata.name));
}

/** Takes them away: pods have all that they need until they have finished. */
export async function takeAway(
  api: ClusterApi,
  objects: readonly KubernetesObject[],
  clock: Clock,
): Promise<void> {
  const early = objects.filter(({ kind }) => first.some((one) => one.kind === kind));
  for (const object of early) await api.remove(object);
  const until = clock.now() + goneMs;
  for (const deployment of early.filter(({ kind }) => kind === "Deployment")) {
    while ((await podsOf(api, deployment)).length > 0 && clock.now() < until)
      await delay(clock, lookMs);
  }
  for (const object of objects) if (!early.includes(object)) await api.remove(object);
}

function nameOf({ kind, metadata }: KubernetesObject): string {
  return `${kind} ${metadata.name}`;
}

/** Whether a deploy made it, and no team has taken it over with a chart since: labels alone have those of charts too, and of what others apply. */
function isOurs({ metadata }: Live): boolean {
  const { annotations, managedFields = [], ownerReferences } = metadata;
  return (
    ownerReferences === undefined &&
    annotations?.["meta.helm.sh/release-name"] === undefined &&
    managedFields.some(({ manager, operation }) => manager === "kerf" && operation === "Apply")
  );
}

function isAtWork(job: JobObject): boolean {
  const { broken, isDone } = jobState(job);
  return !isDone && broken === undefined;
}

/** ConfigMaps that pods have, or would have after going back: every form that a Deployment remembers names its own. `gone`: what asks for none any more. */
async function documentsInUse(
  api: ClusterApi,
  namespace: string,
  gone: ReadonlySet<string>,
): Promise<Set<string>> {
  const kinds = [
    { apiVersion: "apps/v1", kind: "ReplicaSet" },
    { apiVersion: "batch/v1", kind: "Job" },
  ];
  const all = await Promise.all(kinds.map((kind) => api.list<Templated>(kind, namespace)));
  return new Set(
    all
      .flat()
      .filter((one) => ![one, ...ownersOf(one)].some((each) => gone.has(nameOf(each))))
      .flatMap(({ spec }) =>
        (spec.template.spec.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []),
      ),
  );
}

/** Something that makes pods. */
interface Templated extends Live {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly volumes?: readonly { readonly configMap?: { name: string } }[] };
    };
  };
}

function ownersOf({ metadata: { ownerReferences = [] } }: Live): KubernetesObject[] {
  return ownerReferences.map(({ kind, name }) => ({ apiVersion: "", kind, metadata: { name } }));
}
