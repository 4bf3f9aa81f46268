import { isDeepStrictEqual } from "node:util";
import type { ClusterApi } from "./cluster-api.ts";
import type { KubernetesObject } from "./manifest.ts";

interface Rules {
  readonly ingress?: readonly unknown[];
  readonly egress?: readonly unknown[];
}

/**
 * A NetworkPolicy that allows what the one in the cluster does and what the next one does: while a program rolls, copies of both releases serve, and what the one
 * reaches no more the other may need. Undefined when there is none there, or it allows no more than the next one.
 */
export async function widened(
  api: ClusterApi,
  next: KubernetesObject,
): Promise<KubernetesObject | undefined> {
  if (next.kind !== "NetworkPolicy") return undefined;
  const live = await api.read<KubernetesObject & { spec?: Rules }>(next);
  const { spec = {} } = next as KubernetesObject & { spec?: Rules };
  const ingress = union(spec.ingress, live?.spec?.ingress);
  const egress = union(spec.egress, live?.spec?.egress);
  const more = ingress.length + egress.length;
  if (more === (spec.ingress?.length ?? 0) + (spec.egress?.length ?? 0)) return undefined;
  return { ...next, spec: { ...spec, ingress, egress } } as KubernetesObject;
}

function union(next: readonly unknown[] = [], live: readonly unknown[] = []): unknown[] {
  return [...next, ...live.filter((rule) => !next.some((one) => isDeepStrictEqual(one, rule)))];
}
